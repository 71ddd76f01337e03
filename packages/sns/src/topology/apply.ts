import type { ApplyOptions, Destination } from "@switchyard/core/driver";
import { MessagingError } from "@switchyard/core/driver-kit";
import { topicName } from "../names.ts";
import { describeTopic, findArn, type Topic } from "../resource.ts";
import type { DesiredTopic } from "./desired.ts";
import { applyKeys } from "./keys.ts";
import {
  type Removed,
  removedQueue,
  subscriptionDifferences,
  subscriptionName,
  subscriptionsOf,
  wantedAttributes,
} from "./subscriptions.ts";
import { creationAttributes, missingTags, topicDifferences } from "./topic.ts";
import { findQueue, ifThere, type TopologyContext } from "./context.ts";

export interface PlannedGroup {
  readonly of: Destination;
  readonly subscribe: boolean;
  /** Which attributes of the subscription may be set. Differences that arose after the plan are left for the next plan. */
  readonly settings: readonly string[];
}

/** One topic of a plan, as plain data. */
export interface PlannedTopic {
  readonly desired: DesiredTopic;
  readonly create: boolean;
  readonly update: boolean;
  readonly groups: readonly PlannedGroup[];
  readonly removed: readonly Removed[];
  /** ARNs of the KMS keys that SNS is to be allowed to use for this topic. */
  readonly keys: readonly string[];
}

/** Topics are applied before the queues, whose policies name them. Keys and subscriptions come last, so that no delivery is lost. */
export function applyTopics(
  planned: readonly PlannedTopic[],
  context: TopologyContext,
  { destructive, applied }: { readonly destructive: boolean; readonly applied: ApplyOptions["applied"] },
) {
  const made = new Map<PlannedTopic, Topic>();
  return {
    async topics(): Promise<void> {
      for (const one of planned) {
        const topic = await applyTopic(one, context, destructive);
        made.set(one, topic);
        for (const group of one.desired.groups) context.sources.set(group, one.desired.name, topic.arn);
        applied?.(one.desired.name);
      }
    },
    async keys(): Promise<void> {
      for (const one of planned) await applyKeys(one.keys, made.get(one)!.arn, context);
    },
    async subscriptions(): Promise<void> {
      for (const one of planned) {
        const topic = made.get(one)!;
        for (const group of one.groups) {
          await applySubscription(group, topic, context);
          applied?.(subscriptionName(topic, group.of));
        }
        if (destructive) for (const removed of one.removed) await remove(removed, one.desired.of, context);
      }
    },
  };
}

async function applyTopic(
  { desired, create, update }: PlannedTopic,
  context: TopologyContext,
  destructive: boolean,
): Promise<Topic> {
  const { sns, signal } = context;
  const arn = create ? await createTopic(desired, context) : await findArn(desired.of, sns, signal);
  const topic = arn === undefined ? undefined : await ifThere(describeTopic(arn, sns, signal));
  if (topic === undefined)
    throw new MessagingError(
      "topic-not-found",
      `there is no topic "${desired.name}"; create it, or leave out the address`,
      {
        kind: "config",
        channel: desired.of.channel,
      },
    );
  if (desired.external || !(create || update || destructive)) return topic;
  for (const { action, set } of topicDifferences(desired, topic)) {
    if (set === undefined || (action === "destructive" && !destructive)) continue;
    const [AttributeName, AttributeValue] = set;
    await sns.call("SetTopicAttributes", { TopicArn: topic.arn, AttributeName, AttributeValue }, signal);
  }
  const tags = await missingTags(desired, topic.arn, sns, signal);
  if (tags.length > 0) await sns.call("TagResource", { ResourceArn: topic.arn, Tags: tags }, signal);
  return topic;
}

async function createTopic(desired: DesiredTopic, { sns, signal }: TopologyContext): Promise<string | undefined> {
  const Tags = Object.entries(desired.settings.tags).map(([Key, Value]) => ({ Key, Value }));
  try {
    const made = { Name: topicName(desired.of), Attributes: creationAttributes(desired), Tags };
    return (await sns.call("CreateTopic", made, signal)).TopicArn;
  } catch (error) {
    // Another process was faster, or created the topic with other settings. Differences are then changed as on any topic.
    if (!/already exists/i.test(String((error as Error).message))) throw error;
    return findArn(desired.of, sns, signal);
  }
}

async function applySubscription(planned: PlannedGroup, topic: Topic, context: TopologyContext): Promise<void> {
  if (!planned.subscribe && planned.settings.length === 0) return;
  const { sns, signal } = context;
  const { of: group } = planned;
  const queue = await findQueue(group, context);
  if (queue === undefined)
    throw new MessagingError(
      "queue-not-found",
      `the queue of group "${group.group}" does not exist; create it, or leave out the address`,
      {
        kind: "config",
        channel: group.channel,
        group: group.group,
      },
    );
  const dead = group.deadLetter === undefined ? undefined : await findQueue(group.deadLetter, context);
  const wanted = wantedAttributes(group, dead?.arn);
  if (planned.subscribe) {
    try {
      const made = {
        TopicArn: topic.arn,
        Protocol: "sqs",
        Endpoint: queue.arn,
        Attributes: wanted,
        ReturnSubscriptionArn: true,
      } as const;
      await sns.call("Subscribe", made, signal);
      return;
    } catch (error) {
      // Another process was faster, with other attributes.
      if (!/already exists/i.test(String((error as Error).message))) throw error;
    }
  }
  const there = await subscriptionsOf(topic.arn, sns, signal);
  const SubscriptionArn = there.find(({ Endpoint }) => Endpoint === queue.arn)?.SubscriptionArn ?? "";
  if (!SubscriptionArn.startsWith("arn:")) return;
  const { Attributes = {} } = await sns.call("GetSubscriptionAttributes", { SubscriptionArn }, signal);
  for (const { set } of subscriptionDifferences(wanted, Attributes)) {
    if (set === undefined || !(planned.subscribe || planned.settings.includes(set[0]))) continue;
    const [AttributeName, AttributeValue] = set;
    await sns.call("SetSubscriptionAttributes", { SubscriptionArn, AttributeName, AttributeValue }, signal);
  }
}

/** Unsubscribes first, then deletes the queue. The dead letters stay, so that people can look at them. */
async function remove(removed: Removed, of: Destination, context: TopologyContext): Promise<void> {
  const { sns, queues, signal } = context;
  const { subscriptionArn } = removed;
  if (subscriptionArn.startsWith("arn:"))
    await ifThere(sns.call("Unsubscribe", { SubscriptionArn: subscriptionArn }, signal));
  await queues.destroy!([removedQueue(of, removed)], signal);
}
