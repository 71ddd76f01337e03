import type { Change, Destination } from "@switchyard/core/driver";
import { MessagingError } from "@switchyard/core/driver-kit";
import { classify as classifySqs, type Queue, queueName } from "@switchyard/sqs/kit";
import { topicArn, topicName } from "../names.ts";
import type { Subscription } from "../sdk.ts";
import { describeTopic, findArn, type Topic } from "../resource.ts";
import type { PlannedGroup, PlannedTopic } from "./apply.ts";
import type { DesiredTopic } from "./desired.ts";
import { keysOf, planKeys, refuseManagedKey, type WantedKey } from "./keys.ts";
import {
  type Removed,
  refuseTooLarge,
  removedGroups,
  removedQueue,
  subscriptionDifferences,
  subscriptionName,
  subscriptionsOf,
  wantedAttributes,
} from "./subscriptions.ts";
import { missingTags, topicDifferences } from "./topic.ts";
import { findQueue, ifThere, type TopologyContext } from "./context.ts";

interface Planning {
  readonly changes: Change[];
  readonly topics: PlannedTopic[];
  /** Changes of subscriptions, which come after the queues. */
  readonly after: Change[];
}

export async function planTopics(desired: readonly DesiredTopic[], context: TopologyContext): Promise<Planning> {
  const planning: Planning = { changes: [], topics: [], after: [] };
  for (const topic of desired) await planTopic(topic, context, planning);
  return planning;
}

async function planTopic(
  desired: DesiredTopic,
  context: TopologyContext,
  { changes, topics, after }: Planning,
): Promise<void> {
  const { sns, signal, sources } = context;
  const arn = await findArn(desired.of, sns, signal);
  const topic = arn === undefined ? undefined : await ifThere(describeTopic(arn, sns, signal));
  const there = topic === undefined ? [] : await subscriptionsOf(topic.arn, sns, signal);
  // Before the topic exists its account may be unknown. The policies of queues are then written by `apply`.
  const guess = arn ?? topicArn((await sns.region()) ?? "", "000000000000", desired.name);
  for (const group of desired.groups) sources.set(group, desired.name, guess);

  const own = await ownChanges(desired, topic, context);
  changes.push(...own);
  const groups: PlannedGroup[] = [];
  const wanted: WantedKey[] = [];
  for (const group of desired.groups) {
    const planned = await planGroup(group, topic, there, context);
    groups.push({ of: group, subscribe: planned.subscribe, settings: planned.settings });
    after.push(...planned.changes);
    wanted.push(...planned.keys);
  }
  const { changes: ofKeys, keys } = await planKeys(wanted, { arn: guess, known: arn !== undefined }, context);
  after.push(...ofKeys);
  refuseTooLarge(desired, there, groups.filter(({ subscribe }) => subscribe).length);
  const removed = topic === undefined ? [] : removedGroups(desired, topic.arn, there);
  for (const one of removed) after.push(await removal(desired, one, context));
  topics.push({
    desired,
    create: topic === undefined && !desired.external,
    update: own.some(({ action }) => action === "update"),
    groups,
    removed,
    keys,
  });
}

async function ownChanges(
  desired: DesiredTopic,
  topic: Topic | undefined,
  { sns, signal }: TopologyContext,
): Promise<Change[]> {
  const { name, of } = desired;
  const change = (action: Change["action"], summary: string): Change => ({ action, resource: "topic", name, summary });
  if (topic === undefined) {
    if (desired.external)
      return [
        change(
          "drift",
          "does not exist, and is not created because it was given by address; create it, or leave out the address",
        ),
      ];
    const made = [change("create", creationSummary(desired))];
    const twin = await findArn({ ...of, ordered: !of.ordered }, sns, signal);
    const exists = twin === undefined ? undefined : await ifThere(describeTopic(twin, sns, signal));
    if (exists !== undefined) made.push(change("drift", twinSummary(of)));
    return made;
  }
  if (topic.fifo !== of.ordered) throw wrongKind(desired);
  if (desired.external) return [];
  const found = topicDifferences(desired, topic).map(({ action, summary }) => change(action, summary));
  const tags = await missingTags(desired, topic.arn, sns, signal);
  if (tags.length > 0) found.push(change("update", `tags: ${tags.map(({ Key }) => Key).join(", ")}`));
  return found;
}

function creationSummary({ of, settings }: DesiredTopic): string {
  const key = settings.kmsKey === undefined ? "" : `, encrypted with ${settings.kmsKey}`;
  return `new topic: ${of.ordered ? "FIFO" : "standard"}, messages of up to ${settings.maxMessageBytes} bytes${key}`;
}

function twinSummary(of: Destination): string {
  const twin = topicName({ ...of, ordered: !of.ordered });
  return `"${twin}" exists: a topic cannot become ${of.ordered ? "FIFO" : "standard"}; messages published to it still go to its own groups`;
}

function wrongKind({ name, of }: DesiredTopic): MessagingError {
  const text = of.ordered
    ? `"${name}" is a standard topic and keeps no order; give a FIFO topic`
    : `"${name}" is a FIFO topic; declare an orderingKey, or give a standard topic`;
  return new MessagingError("wrong-topic-kind", text, { kind: "config", channel: of.channel });
}

interface GroupPlanning {
  readonly changes: Change[];
  readonly subscribe: boolean;
  /** Which attributes may be set. */
  readonly settings: readonly string[];
  readonly keys: readonly WantedKey[];
}

async function planGroup(
  group: Destination,
  topic: Topic | undefined,
  there: readonly Subscription[],
  context: TopologyContext,
): Promise<GroupPlanning> {
  const queue = await findQueue(group, context);
  refuseManagedKey(group, queue?.attributes["KmsMasterKeyId"]);
  const name = subscriptionName(topic, group, queue);
  const change = (action: Change["action"], summary: string): Change => ({
    action,
    resource: "subscription",
    name,
    summary,
  });
  const subscription = queue === undefined ? undefined : there.find(({ Endpoint }) => Endpoint === queue.arn);
  const dead = group.deadLetter === undefined ? undefined : await findQueue(group.deadLetter, context);
  if (subscription === undefined) {
    const changes = [
      change(
        "create",
        newSummary(group, wantedAttributes(group, dead?.arn ?? (group.deadLetter && queueName(group.deadLetter)))),
      ),
    ];
    return { changes, subscribe: true, settings: [], keys: keysOf(group, queue, dead, false) };
  }
  const { SubscriptionArn = "" } = subscription;
  // A subscription that waits for confirmation has no ARN, so its attributes cannot be read.
  const { Attributes = {} } = SubscriptionArn.startsWith("arn:")
    ? await context.sns.call("GetSubscriptionAttributes", { SubscriptionArn }, context.signal)
    : { Attributes: { ...wantedAttributes(group, dead?.arn), PendingConfirmation: "true" } };
  const found = subscriptionDifferences(
    wantedAttributes(group, dead?.arn ?? (group.deadLetter && queueName(group.deadLetter))),
    Attributes,
  );
  return {
    changes: [...found.map(({ action, summary }) => change(action, summary)), ...externalPolicy(group, queue!, topic!)],
    subscribe: false,
    settings: found.flatMap(({ set }) => (set === undefined ? [] : [set[0]])),
    keys: keysOf(group, queue, dead, true),
  };
}

/** The policy of a queue given by address is never changed. The plan shows what is missing in it. */
function externalPolicy(group: Destination, queue: Queue, topic: Topic): Change[] {
  if (group.address === undefined || queue.attributes["Policy"]?.includes(topic.arn) === true) return [];
  const summary = `its policy does not name ${topic.arn}, so SNS may not deliver; allow sqs:SendMessage to sns.amazonaws.com with aws:SourceArn equal to it`;
  return [{ action: "drift", resource: "queue", name: group.address, summary }];
}

function newSummary(group: Destination, wanted: Readonly<Record<string, string>>): string {
  const parts = ["raw delivery"];
  if (group.types !== undefined) parts.push(`only ${[...group.types].sort().join(", ") || "messages without a type"}`);
  if (wanted["RedrivePolicy"] !== undefined)
    parts.push(`undeliverable messages to ${group.deadLetter!.address ?? queueName(group.deadLetter!)}`);
  return `new subscription: ${parts.join(", ")}`;
}

async function removal({ name, of }: DesiredTopic, one: Removed, context: TopologyContext): Promise<Change> {
  const { group, queue } = one;
  const found = await findQueue(removedQueue(of, one), context).catch((cause: unknown) => {
    // A role with rights on the configured queues alone may not read this one.
    if (classifySqs(cause, "topology").kind === "auth") return "denied" as const;
    throw cause;
  });
  const count =
    found === "denied"
      ? "what is in it, which this role may not count"
      : `about ${
          Number(found?.attributes["ApproximateNumberOfMessages"] ?? 0) +
          Number(found?.attributes["ApproximateNumberOfMessagesNotVisible"] ?? 0)
        } in it`;
  const summary = `group "${group}" is no longer configured: it gets no more messages, and its queue is deleted with ${count}; its dead letters stay`;
  return { action: "destructive", resource: "subscription", name: `${name} to ${queue}`, summary };
}
