import type { Capabilities, Delivery, Existing, Lease, ReceiverDriver, Runtime } from "@switchyard/core/driver";
import { ReceiveAttempts } from "./attempts.ts";
import { capabilitiesOf } from "./capabilities.ts";
import type { Call, ReceivedMessage } from "./client.ts";
import type { Clients } from "./clients.ts";
import { classify } from "./errors.ts";
import { HOLD_MARGIN_MS, MAX_BATCH, MAX_HOLD_MS, MAX_WAIT_MS, SECOND } from "./limits.ts";
import { type Queue, redriveOf } from "./resource.ts";
import { extend, settle } from "./settle.ts";
import { fromReceived } from "./message.ts";

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

/** SQS gives a message up on its own where the queue has a redrive policy. */
function existingOf({ attributes }: Queue): Existing {
  const limit = redriveOf(attributes["RedrivePolicy"]);
  return limit === undefined || !(limit.count > 0)
    ? {}
    : { deliveries: { count: limit.count, setting: "maxReceiveCount" } };
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
    // A queue is never taken away; single holds end by themselves.
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

/** Only closing cuts it: SQS may have given messages to a poll that was cut, and they stay hidden until their hold ends. */
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
    // As during a send: what may have been carried out although no answer came.
    if (attempt !== undefined && classify(error, "send").kind === "ambiguous") attempts?.lost(attempt);
    throw error;
  }
  const deadline = holdEnd(from, runtime.monotonic(), waitSeconds * SECOND, holdMs);
  const lastDeadline = from + MAX_HOLD_MS - HOLD_MARGIN_MS;
  return messages.map((raw) => toDelivery(raw, queue.fifo, deadline, lastDeadline));
}

/**
 * When a hold ends. It began somewhere between the call and the reply, which a long poll sets apart: counted from the call,
 * but at least half of it is left when the reply comes, unless the reply was later than the wait explains.
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

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
