import { noteContext } from "@switchyard/aws-kit";
import type { Capabilities, Runtime, SenderDriver, Sent, WireMessage } from "@switchyard/core/driver";
import { byIndex } from "./batches.ts";
import { capabilitiesOf } from "./capabilities.ts";
import type { Call, SendEntry } from "./sdk.ts";
import { isEncrypted, type Queue } from "./resource.ts";
import { refusal, sizeOf, toEntry, toWait } from "./message.ts";
import type { Hops } from "./native.ts";

/** What a queue is for, if it is not the queue of a group. */
export interface Purpose {
  /** It keeps dead letters. */
  readonly dead?: boolean;
  /** It is the delay queue of a group. */
  readonly hops?: Hops;
}

export function createSender(
  queue: Queue,
  call: Call,
  runtime: Runtime,
  { dead = false, hops }: Purpose = {},
): SenderDriver {
  const capabilities: Capabilities = capabilitiesOf(queue.fifo, queue);
  const ownGroup = dead && queue.fifo ? groupsOfTheirOwn(runtime) : undefined;

  async function send(batch: readonly WireMessage[], signal: AbortSignal): Promise<readonly Sent[]> {
    const results: Sent[] = new Array(batch.length);
    const entries: SendEntry[] = [];
    const places: number[] = [];
    batch.forEach((message, index) => {
      const cause = refusal(message, queue.fifo, hops);
      if (cause !== undefined) {
        results[index] = { cause };
        return;
      }
      const entry = toEntry(String(entries.length), message, queue.fifo, () => runtime.uuid(), ownGroup);
      entries.push(hops === undefined ? entry : toWait(entry, message.delayMs ?? 0, hops));
      places.push(index);
    });
    if (entries.length === 0) return results;
    const reply = await call("SendMessageBatch", { QueueUrl: queue.url, Entries: entries }, signal);
    byIndex(reply, entries.length).forEach((result, index) => {
      if ("cause" in result) noteContext(result.cause, `queue "${queue.name}"`);
      results[places[index]!] = "cause" in result ? { cause: result.cause } : { id: result.MessageId ?? "" };
    });
    return results;
  }

  return { capabilities, encryptedAtRest: isEncrypted(queue), size: sizeOf, send, close: async () => {} };
}

/**
 * A message group for each dead letter. Letters of one message have the same deduplication id, and SQS takes both if they are more than five
 * minutes apart: by that id alone, the first would hide the second. A resend has the same group, because SQS may be set to look for duplicates
 * within a group only.
 */
function groupsOfTheirOwn(runtime: Runtime): (message: WireMessage) => string {
  const groups = new WeakMap<WireMessage, string>();
  return (message) => {
    const group = groups.get(message) ?? runtime.uuid();
    groups.set(message, group);
    return group;
  };
}
