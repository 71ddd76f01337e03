import type { Destination, Located } from "@switchyard/core/driver";
import type { ResolvedOptions } from "./options.ts";
import { formOf, isSqs } from "./profiles.ts";

/** SQS: "can have up to 80 characters", the suffix included: letters, digits, hyphens and underscores. */
const SQS_NAME = /^[A-Za-z0-9_-]{1,80}$/;

/** The queue of a destination: the channel's, a group's, or dead letters. */
export const queueName = (of: Destination): string => of.address ?? of.name;

/** The topic or the stream, which the channel's groups share. */
export const baseName = (of: Destination): string => of.baseAddress ?? of.base;

/** A stream, or a topic to publish to; anything else is a queue. */
export const isShared = (of: Destination): boolean =>
  of.model === "stream" || (of.model === "pubsub" && of.group === undefined);

export function locate(of: Destination, options: ResolvedOptions): Located {
  const address = isShared(of) ? baseName(of) : queueName(of);
  const form = formOf(of, options);
  if (!isSqs(form) || isShared(of)) return { address };
  const full = form === "sqs-fifo" ? `${address}.fifo` : address;
  if (SQS_NAME.test(address) && full.length <= 80) return { address };
  return {
    address,
    problem: `"${full}" is not an SQS queue name: at most 80 characters, of letters, digits, "-" and "_"`,
  };
}
