/** Receiving from a queue: polls, settlements and extensions of the hold (SQS calls it the visibility timeout). */
import { noteContext } from "@switchyard/aws-kit";
import type {
  Capabilities,
  Delivery,
  Existing,
  Lease,
  Outcome,
  ReceiverDriver,
  Runtime,
  Settlement,
} from "@switchyard/core/driver";
import { MessagingError } from "@switchyard/core/driver-kit";
import { byIndex, chunks } from "./batches.ts";
import { capabilitiesOf } from "./capabilities.ts";
import type { Clients } from "./client.ts";
import { classify } from "./errors.ts";
import { DEDUP_MS, HOLD_MARGIN_MS, MAX_BATCH, MAX_HOLD_MS, MAX_WAIT_MS, SECOND } from "./limits.ts";
import { fromReceived } from "./message.ts";
import { isEncrypted, type Queue, redriveOf } from "./resource.ts";
import type { BatchReply, Call, ReceivedMessage } from "./sdk.ts";

/** The receipt handle. */
export type Receipt = string;

const SYSTEM_ATTRIBUTES = ["ApproximateReceiveCount", "SentTimestamp", "MessageGroupId", "AWSTraceHeader"];
const FIFO_ATTRIBUTES = [...SYSTEM_ATTRIBUTES, "MessageDeduplicationId", "SequenceNumber"];

export function createReceiver(
  queue: Queue,
  clients: Pick<Clients, "call" | "poll">,
  holdMs: number,
  runtime: Runtime,
): ReceiverDriver<Receipt> {
  const capabilities: Capabilities = capabilitiesOf(queue.fifo, queue);
  const closing = new AbortController();
  const lease = createLease(queue, clients, holdMs, runtime, closing.signal);

  return {
    capabilities,
    existing: existingOf(queue),
    async *leases(signal) {
      yield lease;
      await aborted(AbortSignal.any([signal, closing.signal]));
    },
    close: async () => closing.abort(),
  };
}

/** A queue with a redrive policy gives up messages by itself. */
function existingOf(queue: Queue): Existing {
  const limit = redriveOf(queue.attributes["RedrivePolicy"]);
  const encryptedAtRest = isEncrypted(queue);
  return limit === undefined || !(limit.count > 0)
    ? { encryptedAtRest }
    : { encryptedAtRest, deliveries: { count: limit.count, setting: "maxReceiveCount" } };
}

function createLease(
  queue: Queue,
  { call, poll }: Pick<Clients, "call" | "poll">,
  holdMs: number,
  runtime: Runtime,
  closing: AbortSignal,
): Lease<Receipt> {
  const attempts = queue.fifo ? new ReceiveAttempts(runtime) : undefined;

  return {
    id: queue.name,
    // Never aborted: a queue cannot be taken away. The hold of a single message ends by itself.
    lost: new AbortController().signal,
    async receive(max, waitMs, signal) {
      if (signal.aborted || closing.aborted) return [];
      return receiveOnce({ queue, poll, attempts, runtime, closing }, Math.min(max, MAX_BATCH), waitMs, holdMs);
    },
    settle: (batch, signal) => settle(queue.url, call, batch, signal),
    extend: (receipts, forMs, signal) => extend(queue.url, call, receipts, forMs, signal),
    release: async () => {},
  };
}

interface Polling {
  readonly queue: Queue;
  readonly poll: Call;
  readonly attempts: ReceiveAttempts | undefined;
  readonly runtime: Runtime;
  readonly closing: AbortSignal;
}

/**
 * One poll. Only closing the receiver cuts it short: SQS may already have given messages to a poll that is cut, and they then stay
 * hidden until their hold ends.
 */
async function receiveOnce(
  { queue, poll, attempts, runtime, closing }: Polling,
  max: number,
  waitMs: number,
  holdMs: number,
): Promise<readonly Delivery<Receipt>[]> {
  const waitSeconds = Math.floor(Math.min(waitMs, MAX_WAIT_MS) / SECOND);
  const attempt = attempts?.take(max);
  const from = runtime.monotonic();
  let messages: readonly ReceivedMessage[];
  try {
    const reply = await poll(
      "ReceiveMessage",
      {
        QueueUrl: queue.url,
        MaxNumberOfMessages: max,
        WaitTimeSeconds: waitSeconds,
        VisibilityTimeout: Math.ceil(holdMs / SECOND),
        MessageAttributeNames: ["All"],
        MessageSystemAttributeNames: queue.fifo ? FIFO_ATTRIBUTES : SYSTEM_ATTRIBUTES,
        ...(attempt === undefined ? {} : { ReceiveRequestAttemptId: attempt.id }),
      },
      closing,
    );
    messages = reply.Messages ?? [];
  } catch (error) {
    // Classified as in a send: ambiguous means that SQS may have carried out the call although no reply came.
    if (attempt !== undefined && classify(error, "send").kind === "ambiguous") attempts?.lost(attempt);
    throw error;
  }
  const deadline = holdEnd(from, runtime.monotonic(), waitSeconds * SECOND, holdMs);
  const lastDeadline = from + MAX_HOLD_MS - HOLD_MARGIN_MS;
  return messages.map((raw) => toDelivery(raw, queue.fifo, deadline, lastDeadline));
}

/**
 * When a hold ends. The hold began at some time between the call and the reply, which a long poll sets far apart. It is counted from the
 * call, but at least half of it counts as left when the reply comes, unless the reply came later than the wait explains.
 */
export function holdEnd(called: number, replied: number, waitMs: number, holdMs: number): number {
  return Math.min(Math.max(called + holdMs, replied + holdMs / 2), called + waitMs + holdMs);
}

function toDelivery(raw: ReceivedMessage, fifo: boolean, deadline: number, lastDeadline: number): Delivery<Receipt> {
  const delivery: { -readonly [K in keyof Delivery<Receipt>]: Delivery<Receipt>[K] } = {
    id: raw.MessageId ?? "",
    message: fromReceived(raw, fifo),
    receipt: raw.ReceiptHandle ?? "",
    raw,
    deadline,
    lastDeadline,
  };
  const attempt = Number(raw.Attributes?.["ApproximateReceiveCount"]);
  const sent = Number(raw.Attributes?.["SentTimestamp"]);
  if (attempt >= 1) delivery.attempt = attempt;
  if (sent > 0) delivery.enqueuedAt = sent;
  return delivery;
}

interface ReceiveAttempt {
  readonly id: string;
  readonly max: number;
  readonly until: number;
}

/**
 * Receive attempt ids of a FIFO queue. When the reply of a receive is lost, its message groups stay blocked until the hold of its
 * messages ends. A receive with the same attempt id gets the same messages again. SQS remembers ids for five minutes.
 */
class ReceiveAttempts {
  readonly #runtime: Runtime;
  #lost: ReceiveAttempt[] = [];

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** The id for a receive of at most `max` messages. It does not repeat a lost receive of more messages. */
  take(max: number): ReceiveAttempt {
    const now = this.#runtime.monotonic();
    this.#lost = this.#lost.filter(({ until }) => until > now);
    const index = this.#lost.findIndex((lost) => lost.max <= max);
    if (index >= 0) return this.#lost.splice(index, 1)[0]!;
    return { id: this.#runtime.uuid(), max, until: now + DEDUP_MS };
  }

  /** Call it when the reply of this receive was lost: the next receive then asks for the same messages. */
  lost(attempt: ReceiveAttempt): void {
    this.#lost.push(attempt);
  }
}

/** What happens to one message. `ms`: how long it stays hidden from now on. Absent: it is deleted. */
interface VisibilityChange {
  readonly index: number;
  readonly receipt: string;
  readonly ms?: number;
}

/** An ack deletes the message. A retry or a release hides it for its delay, if it has one, or makes it visible at once. */
export async function settle(
  url: string,
  call: Call,
  batch: readonly Settlement<string>[],
  signal: AbortSignal,
): Promise<readonly Outcome[]> {
  const changes = batch.map((settlement, index): VisibilityChange => {
    const { receipt } = settlement;
    if (settlement.action === "ack") return { index, receipt };
    return { index, receipt, ms: settlement.delayMs ?? 0 };
  });
  return carryOut(url, call, changes, signal);
}

export async function extend(
  url: string,
  call: Call,
  receipts: readonly string[],
  forMs: number,
  signal: AbortSignal,
): Promise<readonly Outcome[]> {
  const changes = receipts.map((receipt, index) => ({ index, receipt, ms: Math.min(forMs, MAX_HOLD_MS) }));
  return carryOut(url, call, changes, signal);
}

async function carryOut(
  url: string,
  call: Call,
  all: readonly VisibilityChange[],
  signal: AbortSignal,
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = new Array(all.length).fill(undefined);
  const deletions: VisibilityChange[] = [];
  const changes: VisibilityChange[] = [];
  for (const one of all) {
    if (one.ms === undefined) deletions.push(one);
    else if (one.ms <= MAX_HOLD_MS) changes.push(one);
    else outcomes[one.index] = { cause: tooLong(one.ms) };
  }
  const calls: { part: VisibilityChange[]; reply: Promise<BatchReply<{ readonly Id?: string | undefined }>> }[] = [];
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
      noteContext(result.cause, `queue "${url.slice(url.lastIndexOf("/") + 1)}"`);
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

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
