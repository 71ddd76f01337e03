/** The settings under `native` of a topic and of a group. A group's other settings are those of its queue. */
import { tagsProblem } from "@switchyard/aws-kit";
import type { Destination } from "@switchyard/core/driver";
import { queueNative, queueOf } from "./names.ts";
import { DEFAULT_MESSAGE_BYTES, MAX_FILTER_VALUES, MAX_MESSAGE_BYTES, MIN_MESSAGE_BYTES } from "./limits.ts";
import { adapter as sqs } from "@switchyard/sqs";

/** Who may use the topic besides its own account: accounts (12 digits) and IAM ARNs. */
export interface TopicAccess {
  readonly publish?: readonly string[];
  readonly subscribe?: readonly string[];
}

/** The settings with their defaults. */
export interface TopicSettings {
  /** Default 1 MiB, as for a queue of SQS. With more than 256 KiB a topic can have 100 subscriptions. */
  readonly maxMessageBytes: number;
  /** Absent: the topic has no encryption key of its own. */
  readonly kmsKey?: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Absent: the topic's policy is left alone. */
  readonly access?: TopicAccess;
  /** `high`: limits and deduplication of a FIFO topic apply to each message group, not to the whole topic. */
  readonly throughput: "high" | "standard";
}

type Check = (value: unknown, of: Destination) => string | undefined;

const PRINCIPAL = /^(?:\d{12}|arn:aws[a-z-]*:(?:iam|sts)::\d{12}:\S+)$/;
const AWS_MANAGED = /^(?:arn:aws[a-z-]*:kms:[^:]*:\d{12}:)?alias\/aws\//;

/** The comments are those of docs/transports/sns.md. */
const TOPIC: Readonly<Record<string, Check>> = {
  /** The largest message, attributes included. Default: 1,048,576. */
  maxMessageBytes: (value) =>
    Number.isInteger(value) && (value as number) >= MIN_MESSAGE_BYTES && (value as number) <= MAX_MESSAGE_BYTES
      ? undefined
      : `a whole number of bytes from ${MIN_MESSAGE_BYTES} to ${MAX_MESSAGE_BYTES}; more than ${DEFAULT_MESSAGE_BYTES} allows at most 100 subscriptions`,
  /** Encrypts with this key. Default: none. */
  kmsKey: (value) =>
    typeof value === "string" && value !== "" ? undefined : "the id, the ARN or the alias of a KMS key",
  /** Of a FIFO topic: limits and deduplication for each message group, or for the whole topic. Default: `high`. */
  throughput: (value, of) => {
    if (value !== "high" && value !== "standard") return '"high" (limits per group) or "standard" (limits per topic)';
    return of.ordered ? undefined : "for FIFO topics only; the channel declares no orderingKey";
  },
  /** Tags of the topic. Default: none. */
  tags: tagsProblem,
  /** Who besides the topic's own account may use it. Default: the topic's policy is left alone. */
  access: (value) => {
    const allowed = "{ publish: [...], subscribe: [...] }, each of accounts (12 digits, in quotes) and IAM ARNs";
    if (typeof value !== "object" || value === null || Array.isArray(value)) return allowed;
    const fits = ([key, list]: [string, unknown]): boolean =>
      (key === "publish" || key === "subscribe") &&
      Array.isArray(list) &&
      list.length <= 50 &&
      list.every((entry) => typeof entry === "string" && PRINCIPAL.test(entry));
    return Object.entries(value).every(fits) ? undefined : allowed;
  },
};

/** What a group has beside the settings of its queue. */
const GROUP: Readonly<Record<string, Check>> = {
  /** Whether notifications of the channel's topic are read as what they carry. Default: true. */
  unwrap: (value) =>
    typeof value === "boolean" ? undefined : "true (unwrap notifications of the channel's topic; the default) or false",
};

/** Why SNS cannot deliver to a queue encrypted with this key. Undefined if it can. */
export function managedKeyProblem(key: unknown): string | undefined {
  if (typeof key !== "string" || !AWS_MANAGED.test(key)) return undefined;
  return `${key} is managed by AWS and its policy cannot be edited, so SNS is not allowed to use it and every delivery would be discarded; use a customer-managed key whose policy lets sns.amazonaws.com kms:GenerateDataKey* and kms:Decrypt, or leave the key out for SSE-SQS`;
}

/** What is wrong with the settings, one sentence each. */
export function nativeProblems(of: Destination): readonly string[] {
  if (of.model !== "pubsub") return sqs.nativeProblems!(of, {});
  return of.group === undefined ? topicProblems(of) : groupProblems(of);
}

function topicProblems(of: Destination): readonly string[] {
  const problems: string[] = [];
  for (const [key, value] of Object.entries(of.native)) {
    if (value === undefined) continue;
    const check = Object.hasOwn(TOPIC, key) ? TOPIC[key] : undefined;
    const why =
      check === undefined ? `not known to a topic of SNS; known: ${Object.keys(TOPIC).join(", ")}` : check(value, of);
    if (why !== undefined) problems.push(`native.${key}: ${why}`);
  }
  return problems;
}

function groupProblems(of: Destination): readonly string[] {
  const { unwrap } = of.native;
  const problems = [...sqs.nativeProblems!(queueOf(of), {})];
  const why = unwrap === undefined ? undefined : GROUP["unwrap"]!(unwrap, of);
  if (why !== undefined) problems.push(`native.unwrap: ${why}`);
  if (of.native["hops"] !== undefined)
    problems.push(
      "native.hops: not for a group of SNS, because a topic delivers to all groups at once; publish to a channel with model: queue, or delay in the outbox",
    );
  const key = managedKeyProblem(queueNative(of.native)["kmsKey"]);
  if (key !== undefined) problems.push(`native.kmsKey: ${key}`);
  if (of.types !== undefined && of.types.length + 1 > MAX_FILTER_VALUES)
    problems.push(
      `filter: ${of.types.length} types; a filter policy of SNS holds ${MAX_FILTER_VALUES} values, one of which lets messages without a type through`,
    );
  if (of.types !== undefined && of.foreign === true)
    problems.push(
      "filter: this channel takes foreign messages, and SNS does not deliver messages without attributes to a subscription with a filter; leave out the filter: consumers check the type themselves",
    );
  return problems;
}

/** For settings in which {@link nativeProblems} found nothing. */
export function topicSettings(of: Destination): TopicSettings {
  const valid = <T>(key: string): T | undefined =>
    of.native[key] !== undefined && TOPIC[key]!(of.native[key], of) === undefined ? (of.native[key] as T) : undefined;
  const kmsKey = valid<string>("kmsKey");
  const access = valid<TopicAccess>("access");
  return {
    maxMessageBytes: valid<number>("maxMessageBytes") ?? MAX_MESSAGE_BYTES,
    throughput: valid<"high" | "standard">("throughput") ?? "high",
    tags: valid<Record<string, string>>("tags") ?? {},
    ...(kmsKey === undefined ? {} : { kmsKey }),
    ...(access === undefined ? {} : { access }),
  };
}
