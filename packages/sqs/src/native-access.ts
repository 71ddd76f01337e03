/** `native.access`: who besides the queue's own account may send to it or receive from it. */

import type { Destination } from "@switchyard/core/driver";

/** A bucket of another account; a bucket of the queue's own account may be written as its ARN. */
export interface BucketOf {
  readonly bucket: string;
  readonly account: string;
}

export interface Access {
  /** Accounts (12 digits), IAM ARNs, SNS topic ARNs, S3 bucket ARNs. */
  readonly send?: readonly (string | BucketOf)[];
  /** Accounts and IAM ARNs. */
  readonly receive?: readonly string[];
}

const ACCOUNT = /^\d{12}$/;
const IAM = /^arn:aws[a-z-]*:(?:iam|sts)::\d{12}:\S+$/;
const TOPIC = /^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:\S+$/;
const BUCKET = /^arn:aws[a-z-]*:s3:::[a-z0-9.-]{3,63}$/;
const BUCKET_NAME = /^[a-z0-9.-]{3,63}$/;

export type Kind = "principal" | "topic" | "bucket";

export function kindOf(entry: string | BucketOf): Kind | undefined {
  if (typeof entry !== "string")
    return BUCKET_NAME.test(entry.bucket) && ACCOUNT.test(entry.account) ? "bucket" : undefined;
  if (ACCOUNT.test(entry) || IAM.test(entry)) return "principal";
  if (TOPIC.test(entry)) return "topic";
  return BUCKET.test(entry) ? "bucket" : undefined;
}

const SHAPE = "{ send: [...], receive: [...] }";
const SEND =
  "access.send takes accounts (12 digits, in quotes), IAM ARNs, SNS topic ARNs, S3 bucket ARNs and { bucket, account }";
const RECEIVE = "access.receive takes accounts (12 digits, in quotes) and IAM ARNs";
/** SQS's limit of one policy statement. */
const MAX_PRINCIPALS = 50;

export function accessProblems(value: unknown, { ordered }: Pick<Destination, "ordered">): string | undefined {
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
