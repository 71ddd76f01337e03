import type { Change, Destination } from "@switchyard/core/driver";
import { MessagingError } from "@switchyard/core/driver-kit";
import { canonical, type Queue, queueName } from "@switchyard/sqs/kit";
import { topicName } from "../names.ts";
import type { Topic } from "../resource.ts";
import type { Subscription } from "../sdk.ts";
import type { SnsClient } from "../client.ts";
import { DEFAULT_MESSAGE_BYTES, MAX_SUBSCRIPTIONS_LARGE } from "../limits.ts";
import { type DesiredTopic, filterPolicy } from "./desired.ts";

export async function subscriptionsOf(
  arn: string,
  sns: SnsClient,
  signal: AbortSignal,
): Promise<readonly Subscription[]> {
  const all: Subscription[] = [];
  let token: string | undefined;
  do {
    const page = await sns.call(
      "ListSubscriptionsByTopic",
      { TopicArn: arn, ...(token === undefined ? {} : { NextToken: token }) },
      signal,
    );
    all.push(...(page.Subscriptions ?? []));
    token = page.NextToken;
  } while (token !== undefined && token !== "");
  return all;
}

/** The attributes of a group's subscription. `deadArn` undefined: there is no queue for what SNS cannot deliver. */
export function wantedAttributes(group: Destination, deadArn: string | undefined): Record<string, string> {
  const filter = filterPolicy(group);
  return {
    RawMessageDelivery: "true",
    ...(filter === undefined ? {} : { FilterPolicy: filter, FilterPolicyScope: "MessageAttributes" }),
    ...(deadArn === undefined ? {} : { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: deadArn }) }),
  };
}

/** How a subscription is called in a plan. */
export function subscriptionName(
  topic: Pick<Topic, "name"> | undefined,
  group: Destination,
  queue?: Pick<Queue, "name">,
): string {
  return `${topic?.name ?? topicName(group)} to ${queue?.name ?? queueName(group)}`;
}

export interface SubscriptionDifference {
  readonly action: Change["action"];
  readonly summary: string;
  readonly set?: readonly [name: string, value: string];
}

type Attributes = Readonly<Record<string, string | undefined>>;

export function subscriptionDifferences(wanted: Attributes, is: Attributes): readonly SubscriptionDifference[] {
  const found: SubscriptionDifference[] = [];
  const set = (summary: string, name: string, value: string, action: Change["action"] = "update"): void => {
    found.push({ action, summary, set: [name, value] });
  };
  if (is["RawMessageDelivery"] !== "true") set("raw delivery: off becomes on", "RawMessageDelivery", "true");
  const filter = policy(is["FilterPolicy"]);
  const wantedFilter = policy(wanted["FilterPolicy"]);
  if (filter !== wantedFilter) {
    const to = wanted["FilterPolicy"];
    set(`filter: ${is["FilterPolicy"] || "none"} becomes ${to ?? "none"}`, "FilterPolicy", to ?? "{}");
  }
  if (wantedFilter !== "" && (is["FilterPolicyScope"] || "MessageAttributes") !== "MessageAttributes")
    set("filter scope: the body becomes the attributes", "FilterPolicyScope", "MessageAttributes");
  const redrive = policy(is["RedrivePolicy"]);
  const wantedRedrive = policy(wanted["RedrivePolicy"]);
  if (wantedRedrive !== "" && redrive !== wantedRedrive)
    set(
      `dead letters: ${is["RedrivePolicy"] || "none"} becomes ${wanted["RedrivePolicy"]}`,
      "RedrivePolicy",
      wanted["RedrivePolicy"]!,
    );
  if (wantedRedrive === "" && redrive !== "")
    found.push({
      action: "drift",
      summary: `dead letters: ${is["RedrivePolicy"]}, which is not in the configuration; left unchanged`,
    });
  if (is["PendingConfirmation"] === "true")
    found.push({
      action: "drift",
      summary:
        "waits for confirmation: the queue belongs to another account, whose owner finds the token in the queue and passes it to confirmSubscription()",
    });
  return found;
}

/** A policy in a form that can be compared. Empty if there is none. */
function policy(text: string | undefined): string {
  if (text === undefined || text === "" || text === "{}") return "";
  try {
    return canonical(JSON.parse(text));
  } catch {
    return text;
  }
}

/** A group that still has a subscription and a queue, and is no longer in the configuration. */
export interface Removed {
  readonly group: string;
  readonly queue: string;
  readonly subscriptionArn: string;
}

export function removedGroups(topic: DesiredTopic, arn: string, there: readonly Subscription[]): readonly Removed[] {
  if (!topic.whole) return [];
  const kept = new Set(topic.groups.map(({ name }) => name));
  const account = arn.split(":")[4];
  const removed: Removed[] = [];
  for (const { Protocol, Endpoint = "", SubscriptionArn = "" } of there) {
    const [, , , , owner, queue = ""] = Endpoint.split(":");
    const name = queue.replace(/\.fifo$/, "");
    const group = name.startsWith(`${topic.of.base}_`) ? name.slice(topic.of.base.length + 1) : "";
    if (Protocol === "sqs" && owner === account && /^[a-z0-9-]+$/.test(group) && !kept.has(name))
      removed.push({ group, queue: name, subscriptionArn: SubscriptionArn });
  }
  return removed;
}

/** The queue of a removed group. */
export function removedQueue(
  { channel, base, ordered }: Destination,
  { queue, group }: Pick<Removed, "queue" | "group">,
): Destination {
  return { channel, base, name: queue, model: "queue", ordered, group, native: {} };
}

const LARGE = new Set(["sqs", "lambda", "firehose"]);

/** Refuses what SNS would refuse, before anything is created. */
export function refuseTooLarge(topic: DesiredTopic, there: readonly Subscription[], missing: number): void {
  const { maxMessageBytes } = topic.settings;
  if (topic.external || maxMessageBytes <= DEFAULT_MESSAGE_BYTES) return;
  const advice = `set native.maxMessageBytes: ${DEFAULT_MESSAGE_BYTES} on the channel`;
  const count = there.length + missing;
  if (count > MAX_SUBSCRIPTIONS_LARGE)
    throw new MessagingError(
      "too-many-subscriptions",
      `"${topic.name}" would have ${count} subscriptions, and a topic that takes ${maxMessageBytes} bytes may have ${MAX_SUBSCRIPTIONS_LARGE}; ${advice}, or have fewer groups`,
      { kind: "config", channel: topic.of.channel },
    );
  const other = there.find(({ Protocol = "sqs" }) => !LARGE.has(Protocol));
  if (other !== undefined)
    throw new MessagingError(
      "subscription-too-small",
      `"${topic.name}" has a subscription by ${other.Protocol}, which takes at most ${DEFAULT_MESSAGE_BYTES} bytes, but the topic should take ${maxMessageBytes}; ${advice}`,
      { kind: "config", channel: topic.of.channel },
    );
}
