/** The rights that the calls of this driver need. `@switchyard/sns` uses it for the queues of its groups. */
import { type AwsPlace, awsPlace, grant, keyPolicy, keyRights, mappingRights } from "@switchyard/aws-kit/rights";
import type { Destination, IamRight, Needed, ResourceRights, ResourceStatement, Rights } from "@switchyard/core/driver";
import { delayQueueOf } from "./hops/delay-queue.ts";
import { type BucketOf, kindOf, settingsOf } from "./native.ts";
import { parseAddress, queueName } from "./names.ts";
import type { SqsOptions } from "./options.ts";
import { type Desired, desiredQueues, like, type TopicsOf } from "./topology/desired.ts";
import { statements } from "./topology/policy.ts";

export async function rightsOf(options: SqsOptions): Promise<Rights> {
  const placeOf = await awsPlace(options);
  return {
    connection(use, of, given, { source, delayed = false } = {}) {
      const place = placeOf(given);
      // Only a queue's dead letters are encrypted as it is.
      const queue = source?.model === "queue" ? like(of, source) : of;
      const arn = queueArn(queue, place);
      const { kmsKey, hops } = settingsOf(queue);
      const sqs = (...actions: readonly string[]) => grant("sqs", [...lookUp(queue), ...actions], arn);
      const warnings = queue.address === undefined || kmsKey !== undefined ? [] : [keyUnknown(queue)];
      // The delay queue has the same key.
      const waiting = hops === undefined ? undefined : delayQueueOf(queue);
      const also = (...actions: readonly string[]) =>
        waiting === undefined ? [] : grant("sqs", [...lookUp(waiting), ...actions], queueArn(waiting, place));
      const key = (how: "send" | "receive", on = arn) => keyRights("sqs", how, kmsKey, on, place);
      switch (use) {
        case "send":
          return {
            rights: [
              ...sqs(READ, "SendMessage"),
              ...key("send"),
              ...also(READ, ...(delayed ? ["SendMessage"] : [])),
              ...(waiting === undefined || !delayed ? [] : key("send", queueArn(waiting, place))),
            ],
            warnings,
          };
        case "receive":
          return {
            rights: [
              ...sqs(READ, ...RECEIVE, ...(waiting === undefined ? [] : ["SendMessage"])),
              ...key("receive"),
              ...also(READ, ...RECEIVE),
              // Consumers move messages from the delay queue to the group's own.
              ...(waiting === undefined ? [] : [...key("send"), ...key("receive", queueArn(waiting, place))]),
            ],
            warnings,
          };
        case "depth":
          // CloudWatch knows no resources [service authorization reference, Amazon CloudWatch].
          return { rights: [...sqs(READ), ...also(READ), ...(asksForAge(options) ? AGE : [])] };
        case "purge":
          return { rights: [...sqs("PurgeQueue"), ...also("PurgeQueue")] };
        case "move":
          // SQS also asks for what `receive` needs here and `send` needs at the destination.
          return { rights: sqs(READ, "StartMessageMoveTask", "ListMessageMoveTasks", "CancelMessageMoveTask") };
        case "seek":
        case "tail":
          return { rights: [] };
      }
    },
    topology(use, destinations, given): Needed {
      const place = placeOf(given);
      return { rights: desiredQueues(destinations).flatMap((queue) => TOPOLOGY[use](queue, place)) };
    },
    resources: (destinations, given) => queuePolicies(destinations, placeOf(given)),
  };
}

/** What the policies of the queues and of their keys must say. `topicsOf`: the topics that send to a queue. */
export function queuePolicies(
  destinations: readonly Destination[],
  place: AwsPlace,
  topicsOf?: TopicsOf,
): readonly ResourceRights[] {
  return desiredQueues(destinations, topicsOf).flatMap((queue) => policiesOf(queue, place));
}

const asksForAge = ({ cloudWatch, cloudWatchClient }: SqsOptions): boolean =>
  cloudWatch === true || cloudWatchClient !== undefined;
const AGE = grant("cloudwatch", ["GetMetricStatistics"], "*");
const READ = "GetQueueAttributes";
const RECEIVE = ["ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility"];

/** A queue that is given by its URL is not looked up. */
const lookUp = ({ address }: Destination): readonly string[] =>
  address !== undefined && parseAddress(address)?.url !== undefined ? [] : ["GetQueueUrl"];

/** For a destination whose name is valid. */
export function queueArn(of: Destination, { partition, region, account }: AwsPlace): string {
  const address = of.address ?? queueName(of);
  if (address.startsWith("arn:")) return address;
  const { name = address, account: owner = account } = parseAddress(address) ?? {};
  return `arn:${partition}:sqs:${region}:${owner}:${name}`;
}

function keyUnknown({ channel, address, dead }: Destination): string {
  const what = `${channel}: ${dead === true ? "the dead-letter queue" : "the queue"} ${address} is given by address`;
  return dead === true
    ? `${what}, so its encryption is not known; if it has a KMS key of yours, add kms:GenerateDataKey and kms:Decrypt on that key by hand`
    : `${what}, so its encryption is not known; if it has a KMS key of yours, set native.kmsKey to it`;
}

const TOPOLOGY: Readonly<
  Record<"plan" | "apply" | "destroy", (queue: Desired, place: AwsPlace) => readonly IamRight[]>
> = {
  plan: ({ of, external, settings }, place) => {
    const look = [...grant("sqs", [...lookUp(of), READ], queueArn(of, place)), ...mappingRights(of, place)];
    if (external) return look;
    // The plan tells if there is a queue of the other kind. Without this right it would fail.
    const twin = grant("sqs", ["GetQueueUrl"], queueArn({ ...of, ordered: !of.ordered }, place));
    return [
      ...look,
      ...twin,
      ...(settings.tags === undefined ? [] : grant("sqs", ["ListQueueTags"], queueArn(of, place))),
    ];
  },
  apply: ({ of, external, settings }, place) => {
    if (external) return [];
    const tags = settings.tags === undefined ? [] : ["TagQueue", "ListQueueTags"];
    return grant("sqs", ["CreateQueue", "GetQueueUrl", READ, "SetQueueAttributes", ...tags], queueArn(of, place));
  },
  destroy: ({ of, external }, place) =>
    external ? [] : grant("sqs", ["GetQueueUrl", "DeleteQueue"], queueArn(of, place)),
};

function policiesOf({ of, external, settings, topics }: Desired, place: AwsPlace): readonly ResourceRights[] {
  const { send = [], ...access } = external ? {} : (settings.access ?? {});
  const all = [...new Set([...send, ...topics])];
  const arn = queueArn(of, place);
  const own = statements({ ...access, send: all }, arn) as unknown as readonly ResourceStatement[];
  const key = settings.kmsKey === undefined ? [] : keyPolicy(settings.kmsKey, keyUsers(all, place), place);
  return [...(own.length === 0 ? [] : [{ arn, statements: own }]), ...key];
}

/** Who must be able to use the queue's key, because their messages are encrypted with it when they arrive. */
function keyUsers(senders: readonly (string | BucketOf)[], { partition, account }: AwsPlace) {
  const of = (kind: string) => senders.filter((entry) => kindOf(entry) === kind);
  const statement = (Sid: string, Service: string, arns: readonly string[], owner?: string) =>
    arns.length === 0
      ? []
      : [
          {
            Sid,
            Principal: { Service },
            Condition: {
              ArnLike: { "aws:SourceArn": arns },
              ...(owner === undefined ? {} : { StringEquals: { "aws:SourceAccount": owner } }),
            },
          },
        ];
  const buckets = Map.groupBy(of("bucket"), (entry) => (typeof entry === "string" ? account : entry.account));
  return [
    ...statement("SwitchyardTopics", "sns.amazonaws.com", of("topic") as string[]),
    ...statement("SwitchyardRules", "events.amazonaws.com", of("rule") as string[]),
    ...[...buckets].flatMap(([owner, entries]) =>
      statement(
        `SwitchyardBuckets${owner}`,
        "s3.amazonaws.com",
        entries.map((entry) => (typeof entry === "string" ? entry : `arn:${partition}:s3:::${entry.bucket}`)),
        owner,
      ),
    ),
  ];
}
