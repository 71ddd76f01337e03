import type { MessagingError } from "../../api/errors.ts";
import type { LinkedQueue } from "../../base/linked-queue.ts";
import { Aside, encode } from "./encode.ts";
import type { ErrorContext } from "./errors.ts";
import type { OutgoingMessage } from "./outgoing-message.ts";
import type { OpenSender } from "./sender-slot.ts";

/** Takes the next batch within the driver's limits on count and bytes. Fails messages that can never be sent. */
export function takeBatch(
  lists: readonly LinkedQueue<OutgoingMessage>[],
  sender: OpenSender,
  fail: (message: OutgoingMessage, error: MessagingError) => void,
  /** Takes a message whose body is being stored elsewhere. */
  aside: (message: OutgoingMessage, stored: Promise<void>) => void,
  errorContext: ErrorContext,
  /** The most messages to take, if lower than the driver's limit. */
  most: number,
): OutgoingMessage[] {
  const { bytes } = sender.capabilities.maxBatch;
  const count = Math.min(sender.capabilities.maxBatch.count, most);
  let waiting = 0;
  for (const list of lists) waiting += list.size;
  // Allocated at its likely length (docs/v8.md#outgrown-arrays).
  const batch = new Array<OutgoingMessage>(Math.min(count, waiting));
  let taken = 0;
  let total = 0;
  for (const list of lists) {
    for (let message = list.peek(); message !== undefined; message = list.peek()) {
      if (!message.finished) {
        const error = encode(message, sender, errorContext);
        if (error === undefined) {
          if (taken === batch.length || total + message.size > bytes) return cut(batch, taken);
          total += message.size;
          batch[taken++] = message;
        } else if (error instanceof Aside) aside(message, error.stored);
        else fail(message, error);
      }
      list.shift();
    }
  }
  return cut(batch, taken);
}

function cut(batch: OutgoingMessage[], taken: number): OutgoingMessage[] {
  batch.length = taken;
  return batch;
}
