import type { MessagingError } from "../../api/errors.ts";
import type { LinkedQueue } from "../../base/linked-queue.ts";
import { encode } from "./encode.ts";
import type { ErrorContext } from "./errors.ts";
import type { OutgoingMessage } from "./outgoing-message.ts";
import type { OpenSender } from "./sender-slot.ts";

/** The next batch, within the driver's count and bytes. A message that can never be sent is failed on the way. */
export function takeBatch(
  lists: readonly LinkedQueue<OutgoingMessage>[],
  sender: OpenSender,
  fail: (message: OutgoingMessage, error: MessagingError) => void,
  errorContext: ErrorContext,
  /** Of messages, where it is lower than the driver's. */
  most: number,
): OutgoingMessage[] {
  const { bytes } = sender.capabilities.maxBatch;
  const count = Math.min(sender.capabilities.maxBatch.count, most);
  let waiting = 0;
  for (const list of lists) waiting += list.size;
  // Of the right size at once (docs/v8.md#outgrown-arrays): most are full.
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
        } else fail(message, error);
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
