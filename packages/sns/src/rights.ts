/** The rights that the calls of this driver need: those on topics, and for the queues of groups those of `@switchyard/sqs`. */
import { type AwsPlace, awsPlace, grant, keyRights, kmsGrant, regional } from "@switchyard/aws-kit/rights";
import type { Destination, IamRight, Needed, ResourceRights, ResourceStatement, Rights } from "@switchyard/core/driver";
import { queueArn, queuePolicies, rightsOf as queueRights } from "@switchyard/sqs/rights";
import { parseTopic, queueOf, tailPrefix, topicAddress } from "./names.ts";
import { topicSettings } from "./native.ts";
import { queueOptions, type SnsOptions } from "./options.ts";
import { type DesiredTopic, desiredTopics } from "./topology/desired.ts";
import { QueueSources } from "./topology/queue-sources.ts";
import { statements } from "./topology/topic.ts";

export async function rightsOf(options: SnsOptions): Promise<Rights> {
  const placeOf = await awsPlace({ ...options, client: options.snsClient ?? options.client });
  const queues = await queueRights(queueOptions(options));
  /** A topic's ARN is made from its name if the account is known. Otherwise all topics are listed. */
  const isListed = (of: Destination): boolean =>
    options.accountId === undefined && parseTopic(topicAddress(of))?.arn === undefined;
  const lookUp = (of: Destination, place: AwsPlace) => (isListed(of) ? regional("sns", ["ListTopics"], place) : []);

  return {
    connection(use, of, given, { source, ...details } = {}) {
      if (of.model !== "pubsub" || of.group !== undefined) {
        const more = source === undefined ? details : { ...details, source: queueOf(source) };
        return queues.connection(use, queueOf(of), given, more);
      }
      if (use !== "send" && use !== "tail") return { rights: [] };
      const place = placeOf(given);
      const arn = topicArnOf(of, place);
      if (use === "tail")
        return { rights: [...tailing(arn, place), ...lookUp(of, place)], warnings: isListed(of) ? [LISTED] : [] };
      const { kmsKey } = topicSettings(of);
      return {
        rights: [
          ...grant("sns", ["GetTopicAttributes", "Publish"], arn),
          ...lookUp(of, place),
          ...keyRights("sns", "send", kmsKey, arn, place),
        ],
        warnings: [
          ...(isListed(of) ? [LISTED] : []),
          ...(of.baseAddress !== undefined && kmsKey === undefined ? [keyUnknown(of)] : []),
        ],
      };
    },
    topology(use, destinations, given): Needed {
      const place = placeOf(given);
      const topics = desiredTopics(destinations);
      const ofTopics = topics.flatMap((topic) => [...lookUp(topic.of, place), ...TOPOLOGY[use](topic, place)]);
      return {
        rights: [...ofTopics, ...queues.topology(use, queuesOf(destinations), given).rights],
        warnings: topics.some(({ of }) => isListed(of)) ? [LISTED] : [],
      };
    },
    resources(destinations, given) {
      const place = placeOf(given);
      const topics = desiredTopics(destinations);
      const sources = new QueueSources();
      for (const { of, name, groups } of topics)
        for (const group of groups) sources.set(group, name, topicArnOf(of, place));
      return [
        ...topics.flatMap((topic) => topicPolicy(topic, place)),
        ...queuePolicies(queuesOf(destinations), place, (of) => sources.of(of)),
      ];
    },
  };
}

/** A tail's queue is subscribed to the topic. The queues of killed tails are found by how their names begin. */
function tailing(topic: string, place: AwsPlace): readonly IamRight[] {
  const name = topic.slice(topic.lastIndexOf(":") + 1);
  const queues = `${queueArn({ ...NO_QUEUE, name: tailPrefix(name) }, place)}*`;
  const own = [
    "CreateQueue",
    "DeleteQueue",
    "GetQueueAttributes",
    "GetQueueUrl",
    "ListQueueTags",
    "SetQueueAttributes",
  ];
  const endpoint = { StringEquals: { "sns:Protocol": ["sqs"] }, StringLike: { "sns:Endpoint": [queues] } };
  return [
    ...grant("sns", ["GetTopicAttributes", "ListSubscriptionsByTopic", "Unsubscribe"], topic),
    ...grant("sns", ["Subscribe"], topic, endpoint),
    ...grant("sqs", [...own, "TagQueue", "ReceiveMessage", "DeleteMessage"], queues),
    ...regional("sqs", ["ListQueues"], place),
  ];
}

const LISTED =
  "accountId is not set on the connection: where credentials do not name their account, a topic given by name is looked up with sns:ListTopics, for which AWS has no resource; set accountId, or give the topic's ARN, and the right is left out";

const keyUnknown = ({ channel, baseAddress }: Destination): string =>
  `${channel}: the topic ${baseAddress} is given by address, so its encryption is not known; if it has a KMS key of yours, set native.kmsKey to it`;

const queuesOf = (destinations: readonly Destination[]): readonly Destination[] =>
  destinations.filter((of) => of.model === "queue" || of.group !== undefined).map(queueOf);

/** For a destination whose name is valid. */
function topicArnOf(of: Destination, { partition, region, account }: AwsPlace): string {
  const address = topicAddress(of);
  return parseTopic(address)?.arn ?? `arn:${partition}:sns:${region}:${account}:${address}`;
}

const TOPOLOGY: Readonly<
  Record<"plan" | "apply" | "destroy", (topic: DesiredTopic, place: AwsPlace) => readonly IamRight[]>
> = {
  plan: ({ of, external, settings, groups }, place) => {
    const arn = topicArnOf(of, place);
    const look = grant("sns", ["GetTopicAttributes", "ListSubscriptionsByTopic"], arn);
    // SNS judges calls about a subscription by its topic.
    const subscriptions = groups.length === 0 ? [] : grant("sns", ["GetSubscriptionAttributes"], arn);
    const keys = keysOf(groups).flatMap((key) => kmsGrant(["DescribeKey", "GetKeyPolicy"], key, place));
    if (external) return [...look, ...subscriptions, ...keys];
    // The plan tells if there is a topic of the other kind. Without this right it would fail.
    const twin = grant("sns", ["GetTopicAttributes"], topicArnOf({ ...of, ordered: !of.ordered }, place));
    const tags = Object.keys(settings.tags).length === 0 ? [] : grant("sns", ["ListTagsForResource"], arn);
    return [...look, ...subscriptions, ...twin, ...tags, ...keys];
  },
  apply: ({ of, external, settings, groups }, place) => {
    const arn = topicArnOf(of, place);
    const tags = Object.keys(settings.tags).length === 0 ? [] : ["TagResource", "ListTagsForResource"];
    const own = external
      ? ["GetTopicAttributes"]
      : ["CreateTopic", "GetTopicAttributes", "SetTopicAttributes", ...tags];
    const keys = keysOf(groups).flatMap((key) => kmsGrant(["GetKeyPolicy", "PutKeyPolicy"], key, place));
    return [...grant("sns", own, arn), ...subscribing(arn, groups, place), ...keys];
  },
  destroy: ({ of, external, groups, whole }, place) => {
    const arn = topicArnOf(of, place);
    const own = external || !whole ? [] : ["DeleteTopic"];
    // The queues of groups that are no longer configured: their names are not known here, only how they begin.
    const removed = whole
      ? grant(
          "sqs",
          ["GetQueueUrl", "GetQueueAttributes", "DeleteQueue"],
          `${queueArn({ ...NO_QUEUE, name: of.base }, place)}_*`,
        )
      : [];
    return [
      ...grant("sns", ["GetTopicAttributes", "ListSubscriptionsByTopic", ...own], arn),
      ...(groups.length === 0 && !whole ? [] : grant("sns", ["Unsubscribe"], arn)),
      ...removed,
    ];
  },
};

const NO_QUEUE: Destination = { channel: "", base: "", name: "", model: "queue", ordered: false, native: {} };

/** Only the queues of the groups may be subscribed. */
function subscribing(arn: string, groups: readonly Destination[], place: AwsPlace): readonly IamRight[] {
  if (groups.length === 0) return [];
  const queues = groups.map((group) => queueArn(queueOf(group), place));
  const condition = { StringEquals: { "sns:Protocol": ["sqs"], "sns:Endpoint": queues } };
  const others = ["GetSubscriptionAttributes", "ListSubscriptionsByTopic", "SetSubscriptionAttributes"];
  // `confirmSubscription()`, for a queue of another account than the topic's.
  const confirms = queues.some((queue) => queue.split(":")[4] !== arn.split(":")[4]) ? ["ConfirmSubscription"] : [];
  return [...grant("sns", ["Subscribe"], arn, condition), ...grant("sns", [...others, ...confirms], arn)];
}

/** The keys of the groups' queues and dead letters, whose policies `apply` changes so that SNS may use them. */
function keysOf(groups: readonly Destination[]): readonly string[] {
  const keys = groups.flatMap((group) =>
    [group, ...(group.deadLetter === undefined ? [] : [group.deadLetter])].flatMap(({ address, native }) =>
      address === undefined ? (native["kmsKey"] ?? group.native["kmsKey"] ?? []) : [],
    ),
  );
  return [...new Set(keys as string[])];
}

function topicPolicy({ of, external, settings }: DesiredTopic, place: AwsPlace): readonly ResourceRights[] {
  if (external || settings.access === undefined) return [];
  const arn = topicArnOf(of, place);
  const own = statements(settings.access, arn) as unknown as readonly ResourceStatement[];
  return own.length === 0 ? [] : [{ arn, statements: own }];
}
