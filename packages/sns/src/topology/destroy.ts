import { describeTopic, findArn } from "../resource.ts";
import type { DesiredTopic } from "./desired.ts";
import { subscriptionsOf } from "./subscriptions.ts";
import { findQueue, ifThere, type TopologyContext } from "./context.ts";

/** Deletes the subscriptions, then the topic where it was asked for and is ours. The queues follow. */
export async function destroyTopics(desired: readonly DesiredTopic[], context: TopologyContext): Promise<void> {
  const { sns, signal } = context;
  for (const topic of desired) {
    const arn = await findArn(topic.of, sns, signal);
    const found = arn === undefined ? undefined : await ifThere(describeTopic(arn, sns, signal));
    if (found === undefined) continue;
    const endpoints = new Set<string>();
    for (const group of topic.groups) endpoints.add((await findQueue(group, context))?.arn ?? "");
    for (const { Endpoint = "-", SubscriptionArn = "" } of await subscriptionsOf(found.arn, sns, signal)) {
      if (endpoints.has(Endpoint) && SubscriptionArn.startsWith("arn:"))
        await ifThere(sns.call("Unsubscribe", { SubscriptionArn }, signal));
    }
    if (topic.whole && !topic.external) await ifThere(sns.call("DeleteTopic", { TopicArn: found.arn }, signal));
  }
}
