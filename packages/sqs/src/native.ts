/** The settings under `native` of a queue, which only SQS has. They are checked before any call to SQS. */
import { kmsKeyProblem, lambdaProblems, tagsProblem } from "@switchyard/aws-kit";
import type { Destination } from "@switchyard/core/driver";
import { formatDuration, parseDuration } from "@switchyard/core/driver-kit";
import {
  DEFAULT_RETENTION_MS,
  MAX_DELAY_MS,
  MAX_HOLD_MS,
  MAX_HOPS_DELAY_MS,
  MAX_MESSAGE_BYTES,
  MAX_NAME,
  MAX_RETENTION_MS,
  MIN_MESSAGE_BYTES,
  MIN_RETENTION_MS,
  SECOND,
} from "./limits.ts";

/** `native.hops`: delays beyond those of SQS. The messages wait in a queue of their own, which the group's consumers move on. */
export interface Hops {
  /** The longest delay that is accepted. */
  readonly longestMs: number;
  /** Longer delays go through the delay queue. It is also the most that is left to SQS at once. */
  readonly aboveMs: number;
}

/** The name of a group's delay queue is that of its queue with this ending. */
export const DELAY_SUFFIX = "_delay";

/** The settings with their defaults. */
export interface Settings {
  /** Default 4 days. A dead-letter queue has 14, because the age of its messages counts from when they were first sent. */
  readonly retentionMs: number;
  readonly maxMessageBytes: number;
  /** Delays every message of the queue. */
  readonly delayMs: number;
  /** The hold for consumers of other stacks that do not ask for one. Ours ask for one with each receive. */
  readonly visibilityMs: number;
  /** Absent: the queue is encrypted with SSE-SQS. */
  readonly kmsKey?: string;
  readonly kmsDataKeyReuseMs?: number;
  /** Absent: the queue's policy is left alone. */
  readonly access?: Access;
  readonly tags?: Readonly<Record<string, string>>;
  /** `high`: the limits of a FIFO queue apply to each message group, not to the whole queue. */
  readonly throughput: "high" | "standard";
  /** Absent: no delay is longer than SQS's own. */
  readonly hops?: Hops;
}

type Native = Readonly<Record<string, unknown>>;
type Check = (value: unknown, of: Destination) => string | undefined;

const duration =
  (min: number, max: number, words: string): Check =>
  (value) => {
    const ms = parseDuration(value);
    return ms !== undefined && ms >= min && ms <= max && ms % SECOND === 0 ? undefined : `${words}, in whole seconds`;
  };

const RETENTION = duration(MIN_RETENTION_MS, MAX_RETENTION_MS, "a duration from 60s to 14d");

/** The comments are those of docs/transports/sqs.md. */
const CHECKS: Readonly<Record<string, Check>> = {
  /** How long the queue keeps a message. Default: the channel's `retention`, else 4d; 14d for dead letters. */
  retention: RETENTION,
  /** Delays every message of the queue. Default: `0s`. */
  delay: duration(0, MAX_DELAY_MS, "a duration from 0s to 15m"),
  /** The queue's own visibility timeout, for other consumers: ours ask for `hold` with each receive. Default: `hold`. */
  visibility: duration(0, MAX_HOLD_MS, "a duration from 0s to 12h"),
  /** How long SQS uses a data key before it asks KMS for another. Only with `kmsKey`. Default: SQS's own, 5 minutes. */
  kmsDataKeyReuse: (value, of) =>
    typeof of.native["kmsKey"] === "string"
      ? duration(60 * SECOND, 86_400 * SECOND, "a duration from 60s to 24h")(value, of)
      : "allowed only with kmsKey; set kmsKey or leave it out",
  /** The largest message, attributes included. Also for the dead-letter queue. Default: 1,048,576. */
  maxMessageBytes: (value) =>
    Number.isInteger(value) && (value as number) >= MIN_MESSAGE_BYTES && (value as number) <= MAX_MESSAGE_BYTES
      ? undefined
      : `a whole number of bytes from ${MIN_MESSAGE_BYTES} to ${MAX_MESSAGE_BYTES}`,
  /** Encrypts with this key. Default: SSE-SQS. */
  kmsKey: (value) => kmsKeyProblem(value, "SSE-SQS"),
  /** Of a FIFO queue. Default: `high`. */
  throughput: (value, of) => {
    if (value !== "high" && value !== "standard") return '"high" (limits per group) or "standard" (limits per queue)';
    return of.ordered ? undefined : "for FIFO queues only; the channel declares no orderingKey";
  },
  /** Tags of the queue. Default: none. */
  tags: tagsProblem,
  /** Who besides the queue's own account may send to it and receive from it: accounts, roles, topics, buckets, rules. Default: the queue's policy is left alone. */
  access: accessProblems,
  /** Delays of a publish up to `longest`: see "Delays longer than 15 minutes". Delays up to `above` stay SQS's own; default 15m. Default: no hops, 15 minutes at most. */
  hops: (value, of) => {
    if (hopsOf(value) === undefined) return HOPS;
    if (of.ordered) return "not with an ordering key: FIFO queues do not support per-message delay; leave it out";
    if (of.dead === true) return "not for dead letters; leave it out";
    if (of.runsOn !== undefined)
      return `not for a group that runs on ${of.runsOn}: messages wait in a queue of their own until the group's consumers move them on, and only the group's own queue is mapped to the function; leave it out, and delay at most 15m`;
    if (of.address !== undefined)
      return "not for an existing queue, because its delay queue is derived from the configured name; leave out the address";
    const length = of.name.length + DELAY_SUFFIX.length;
    return length <= MAX_NAME
      ? undefined
      : `the delay queue "${of.name}${DELAY_SUFFIX}" would have a name of ${length} characters; SQS allows ${MAX_NAME}: shorten the prefix, the channel or the group`;
  },
  /** Of a group that runs on AWS Lambda: its function and event source mapping. Checked as a whole. Default: not known. */
  lambda: () => undefined,
};

const HOPS =
  "{ longest, above }: longest is a duration from 15m to 13d; above may be left out, or is one from 1s to 15m, in whole seconds";

function hopsOf(value: unknown): Hops | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const { longest, above = MAX_DELAY_MS, ...rest } = value as Native;
  if (Object.keys(rest).length > 0) return undefined;
  const longestMs = parseDuration(longest);
  const aboveMs = parseDuration(above);
  if (longestMs === undefined || longestMs < MAX_DELAY_MS || longestMs > MAX_HOPS_DELAY_MS) return undefined;
  if (aboveMs === undefined || aboveMs < SECOND || aboveMs > MAX_DELAY_MS) return undefined;
  return longestMs % SECOND === 0 && aboveMs % SECOND === 0 ? { longestMs, aboveMs } : undefined;
}

/** What is wrong with the settings, one sentence each. */
export function nativeProblems(of: Destination): readonly string[] {
  const problems: string[] = [];
  if (of.holdMs !== undefined && of.holdMs > MAX_HOLD_MS)
    problems.push(`hold: SQS holds a message for at most 12h, not ${formatDuration(of.holdMs)}`);
  if (of.retentionMs !== undefined) {
    const allowed = RETENTION(of.retentionMs, of);
    if (allowed !== undefined) problems.push(`retention: SQS takes ${allowed}`);
  }
  problems.push(...lambdaProblems(of));
  for (const [key, value] of Object.entries(of.native)) {
    if (value === undefined) continue;
    const check = Object.hasOwn(CHECKS, key) ? CHECKS[key] : undefined;
    const allowed =
      check === undefined ? `not known to SQS; known: ${Object.keys(CHECKS).join(", ")}` : check(value, of);
    if (allowed !== undefined) problems.push(`native.${key}: ${allowed}`);
  }
  return problems;
}

/** For settings in which {@link nativeProblems} found nothing. An invalid setting counts as absent. */
export function settingsOf(of: Destination): Settings {
  const { native } = of;
  const kmsKey = valid(of, "kmsKey") ? (native["kmsKey"] as string) : undefined;
  const reuse = kmsKey === undefined ? undefined : milliseconds(of, "kmsDataKeyReuse");
  return {
    retentionMs:
      milliseconds(of, "retention") ?? of.retentionMs ?? (of.dead === true ? MAX_RETENTION_MS : DEFAULT_RETENTION_MS),
    maxMessageBytes: valid(of, "maxMessageBytes") ? (native["maxMessageBytes"] as number) : MAX_MESSAGE_BYTES,
    delayMs: milliseconds(of, "delay") ?? 0,
    visibilityMs:
      milliseconds(of, "visibility") ?? Math.min(Math.ceil((of.holdMs ?? 60 * SECOND) / SECOND) * SECOND, MAX_HOLD_MS),
    throughput: valid(of, "throughput") ? (native["throughput"] as "high" | "standard") : "high",
    ...(kmsKey === undefined ? {} : { kmsKey }),
    ...(reuse === undefined ? {} : { kmsDataKeyReuseMs: reuse }),
    ...(valid(of, "access") ? { access: native["access"] as Access } : {}),
    ...(valid(of, "hops") ? { hops: hopsOf(native["hops"])! } : {}),
    ...(valid(of, "tags") ? { tags: native["tags"] as Native as Readonly<Record<string, string>> } : {}),
  };
}

function valid(of: Destination, key: string): boolean {
  return of.native[key] !== undefined && CHECKS[key]!(of.native[key], of) === undefined;
}

function milliseconds(of: Destination, key: string): number | undefined {
  return valid(of, key) ? parseDuration(of.native[key]) : undefined;
}

/** A bucket of another account. A bucket of the queue's own account can be written as its ARN. */
export interface BucketOf {
  readonly bucket: string;
  readonly account: string;
}

/** `native.access`: who may send to the queue or receive from it, besides its own account. */
export interface Access {
  /** Accounts (12 digits), IAM ARNs, SNS topic ARNs, S3 bucket ARNs, EventBridge rule ARNs. */
  readonly send?: readonly (string | BucketOf)[];
  /** Accounts and IAM ARNs. */
  readonly receive?: readonly string[];
}

const ACCOUNT = /^\d{12}$/;
const IAM = /^arn:aws[a-z-]*:(?:iam|sts)::\d{12}:\S+$/;
const TOPIC = /^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:\S+$/;
const BUCKET = /^arn:aws[a-z-]*:s3:::[a-z0-9.-]{3,63}$/;
/** A rule of the default bus, or of a bus with a name. */
const RULE = /^arn:aws[a-z-]*:events:[a-z0-9-]+:\d{12}:rule\/(?:[A-Za-z0-9._/-]{1,256}\/)?[A-Za-z0-9._-]{1,64}$/;
const BUCKET_NAME = /^[a-z0-9.-]{3,63}$/;

export type Kind = "principal" | "topic" | "bucket" | "rule";

export function kindOf(entry: string | BucketOf): Kind | undefined {
  if (typeof entry !== "string")
    return BUCKET_NAME.test(entry.bucket) && ACCOUNT.test(entry.account) ? "bucket" : undefined;
  if (ACCOUNT.test(entry) || IAM.test(entry)) return "principal";
  if (TOPIC.test(entry)) return "topic";
  if (RULE.test(entry)) return "rule";
  return BUCKET.test(entry) ? "bucket" : undefined;
}

const SHAPE = "{ send: [...], receive: [...] }";
const SEND =
  "access.send takes accounts (12 digits, in quotes), IAM ARNs, SNS topic ARNs, EventBridge rule ARNs, S3 bucket ARNs and { bucket, account }";
const RECEIVE = "access.receive takes accounts (12 digits, in quotes) and IAM ARNs";
/** SQS's limit of one policy statement. */
const MAX_PRINCIPALS = 50;

function accessProblems(value: unknown, { ordered }: Pick<Destination, "ordered">): string | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return SHAPE;
  if (Object.keys(value).some((key) => key !== "send" && key !== "receive")) return SHAPE;
  const { send = [], receive = [] } = value as { send?: unknown; receive?: unknown };
  if (!Array.isArray(send) || !Array.isArray(receive)) return SHAPE;
  if (!send.every((entry) => isEntry(entry) && kindOf(entry) !== undefined)) return SEND;
  if (!receive.every((entry) => typeof entry === "string" && kindOf(entry) === "principal")) return RECEIVE;
  if (ordered && send.some((entry) => kindOf(entry) === "bucket"))
    return "S3 sends no events to FIFO queues; send them to a standard queue";
  if (ordered && send.some((entry) => kindOf(entry) === "topic" && !String(entry).endsWith(".fifo")))
    return "a FIFO queue takes messages of FIFO topics only (their ARNs end in .fifo)";
  if (send.length > MAX_PRINCIPALS || receive.length > MAX_PRINCIPALS)
    return `at most ${MAX_PRINCIPALS} entries each; name accounts instead of roles`;
  return undefined;
}

function isEntry(entry: unknown): entry is string | BucketOf {
  if (typeof entry === "string") return true;
  const { bucket, account, ...rest } = (entry ?? {}) as Record<string, unknown>;
  return typeof bucket === "string" && typeof account === "string" && Object.keys(rest).length === 0;
}
