import { tellPlace } from "@switchyard/aws-kit";
import type { Outcome, Settlement } from "@switchyard/core/driver";
import { MessagingError } from "@switchyard/core/driver-kit";
import { byIndex, chunks } from "./batches.ts";
import type { BatchReply, Call } from "./client.ts";
import { MAX_HOLD_MS, SECOND } from "./limits.ts";

/** `ms`: how long the message stays hidden from now; absent: it is deleted. */
interface Item {
  readonly index: number;
  readonly receipt: string;
  readonly ms?: number;
}

/** Acks are deletions; a retry hides the message for its delay, a release for no time. */
export async function settle(
  url: string,
  call: Call,
  batch: readonly Settlement<string>[],
  signal: AbortSignal,
): Promise<readonly Outcome[]> {
  const items = batch.map((how, index): Item => {
    const { receipt } = how;
    if (how.action === "ack") return { index, receipt };
    return { index, receipt, ms: how.action === "retry" ? how.delayMs : 0 };
  });
  return run(url, call, items, signal);
}

export async function extend(
  url: string,
  call: Call,
  receipts: readonly string[],
  forMs: number,
  signal: AbortSignal,
): Promise<readonly Outcome[]> {
  return run(
    url,
    call,
    receipts.map((receipt, index) => ({ index, receipt, ms: Math.min(forMs, MAX_HOLD_MS) })),
    signal,
  );
}

async function run(url: string, call: Call, items: readonly Item[], signal: AbortSignal): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = new Array(items.length).fill(undefined);
  const deletions: Item[] = [];
  const changes: Item[] = [];
  for (const item of items) {
    if (item.ms === undefined) deletions.push(item);
    else if (item.ms <= MAX_HOLD_MS) changes.push(item);
    else outcomes[item.index] = { cause: tooLong(item.ms) };
  }
  const calls: { part: Item[]; reply: Promise<BatchReply<{ readonly Id?: string | undefined }>> }[] = [];
  for (const part of chunks(deletions)) {
    const Entries = part.map(({ receipt }, id) => ({ Id: String(id), ReceiptHandle: receipt }));
    calls.push({ part, reply: call("DeleteMessageBatch", { QueueUrl: url, Entries }, signal) });
  }
  for (const part of chunks(changes)) {
    // Rounded up: a retry never comes earlier than asked.
    const Entries = part.map(({ receipt, ms }, id) => ({
      Id: String(id),
      ReceiptHandle: receipt,
      VisibilityTimeout: Math.ceil(ms! / SECOND),
    }));
    calls.push({ part, reply: call("ChangeMessageVisibilityBatch", { QueueUrl: url, Entries }, signal) });
  }
  const replies = await Promise.allSettled(calls.map(({ reply }) => reply));
  replies.forEach((reply, index) => {
    const { part } = calls[index]!;
    const results =
      reply.status === "fulfilled"
        ? byIndex(reply.value, part.length)
        : part.map(() => ({ cause: reply.reason as unknown }));
    results.forEach((result, place) => {
      if (!("cause" in result)) return;
      tellPlace(result.cause, `queue "${url.slice(url.lastIndexOf("/") + 1)}"`);
      outcomes[part[place]!.index] = { cause: result.cause };
    });
  });
  return outcomes;
}

function tooLong(ms: number): MessagingError {
  return new MessagingError(
    "retry-delay-unsupported",
    `a retry delay of ${ms} ms; SQS hides a message at most 12 hours from its receive`,
    { kind: "permanent" },
  );
}
