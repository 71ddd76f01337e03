/** Names of topics: derived from the destination, or of an existing topic by name or ARN. */
import { partitionOfRegion } from "@switchyard/aws-kit";
import type { Destination, Located } from "@switchyard/core/driver";
import { MAX_NAME } from "./limits.ts";

const NAME = /^[A-Za-z0-9_-]+(?:\.fifo)?$/;
const ARN = /^arn:(aws[a-z-]*):sns:([a-z0-9-]+):(\d{12}):([A-Za-z0-9_-]+(?:\.fifo)?)$/;

export interface TopicAddress {
  readonly name: string;
  /** Set where the address is an ARN. */
  readonly arn?: string;
  readonly region?: string;
  readonly account?: string;
}

export function topicName(of: Destination): string {
  return of.ordered ? `${of.base}.fifo` : of.base;
}

/** The name of a destination's topic, or the address of the existing topic it was given. */
export function topicAddress(of: Destination): string {
  return of.baseAddress ?? (of.group === undefined ? of.address : undefined) ?? topicName(of);
}

/** Undefined if the address is not a name or an ARN of a topic. */
export function parseTopic(address: string): TopicAddress | undefined {
  if (NAME.test(address)) return { name: address };
  const arn = ARN.exec(address);
  return arn === null ? undefined : { arn: address, region: arn[2]!, account: arn[3]!, name: arn[4]! };
}

export function locateTopic(of: Destination): Located {
  const address = topicAddress(of);
  const problem = problemOf(address, of.ordered);
  return problem === undefined ? { address } : { address, problem };
}

function problemOf(address: string, ordered: boolean): string | undefined {
  const parsed = parseTopic(address);
  if (parsed === undefined)
    return `"${address}" is not a topic; write its name (letters, digits, "-" and "_") or its ARN (arn:aws:sns:REGION:ACCOUNT:NAME)`;
  if (parsed.name.length > MAX_NAME)
    return `"${parsed.name}" has ${parsed.name.length} characters; SNS allows ${MAX_NAME}, ".fifo" included`;
  if (parsed.name.endsWith(".fifo") === ordered) return undefined;
  return ordered
    ? `"${address}" is a standard topic and keeps no order; an ordering key needs a FIFO topic, whose name ends in .fifo`
    : `"${address}" is a FIFO topic; the channel declares no orderingKey: declare one, or give a standard topic`;
}

/** SQS: "can have up to 80 characters". A tail's queue ends in `_tail_`, 12 digits, and `.fifo`. */
const MAX_TAIL_PREFIX = 80 - 6 - 12 - 5;

/** How the queues of a topic's tails begin. No group's queue has such a name, since a group's name has no `_`. */
export const tailPrefix = (topic: string): string => `${topic.replace(/\.fifo$/, "").slice(0, MAX_TAIL_PREFIX)}_tail_`;

/** The group's own queue, as `@switchyard/sqs` knows it. */
export function queueOf(of: Destination): Destination {
  if (of.model !== "pubsub") return of;
  const { types: _types, baseAddress: _topic, partitions: _partitions, ...queue } = of;
  return { ...queue, model: "queue", native: queueNative(of.native) };
}

/** The settings under a group's `native` that are for its subscription. */
const SUBSCRIPTION = new Set(["unwrap"]);

export function queueNative(native: Destination["native"]): Destination["native"] {
  return Object.fromEntries(Object.entries(native).filter(([key]) => !SUBSCRIPTION.has(key)));
}

export function topicArn(region: string, account: string, name: string): string {
  return `arn:${partitionOfRegion(region)}:sns:${region}:${account}:${name}`;
}
