import type { Capabilities } from "../../driver/index.ts";
import type { MessagingError } from "../../api/errors.ts";
import type { Line } from "../../base/line.ts";
import { type About, tooLarge, wrap } from "./errors.ts";
import type { Item } from "./outgoing-message.ts";
import type { OpenSender } from "./sender-slot.ts";

/** Kept free by every message for the fields of its dead-letter copy (C15). */
const RESERVE_BYTES = 4_096;

/** The next batch, within the driver's count and bytes. An item that can never be sent is failed on the way. */
export function takeBatch(
  lists: readonly Line<Item>[],
  sender: OpenSender,
  fail: (item: Item, error: MessagingError) => void,
  about: About,
  /** Of messages, where it is lower than the driver's. */
  most: number,
): Item[] {
  const { bytes } = sender.capabilities.maxBatch;
  const count = Math.min(sender.capabilities.maxBatch.count, most);
  let waiting = 0;
  for (const list of lists) waiting += list.size;
  // Of the right size at once: a batch that grows is copied, and most are full.
  const batch = new Array<Item>(Math.min(count, waiting));
  let taken = 0;
  let total = 0;
  for (const list of lists) {
    for (let item = list.peek(); item !== undefined; item = list.peek()) {
      if (!item.finished) {
        const error = prepare(item, sender, about);
        if (error === undefined) {
          if (taken === batch.length || total + item.size > bytes) return cut(batch, taken);
          total += item.size;
          batch[taken++] = item;
        } else fail(item, error);
      }
      list.shift();
    }
  }
  return cut(batch, taken);
}

function cut(batch: Item[], taken: number): Item[] {
  batch.length = taken;
  return batch;
}

/** Made for this sender, counted and within its limit; else why not. */
function prepare(item: Item, sender: OpenSender, about: About): MessagingError | undefined {
  const { capabilities, driver } = sender;
  if (item.size >= 0 && item.madeFor === capabilities) return undefined;
  try {
    if (item.message === undefined || !alike(item.madeFor, capabilities))
      item.message = item.make(capabilities, driver);
    item.size = driver.size(item.message);
  } catch (cause) {
    return wrap(item.id, about, cause);
  }
  item.madeFor = capabilities;
  const most = Math.min(capabilities.maxMessageBytes, capabilities.maxBatch.bytes);
  // A limit so low that the reserve is most of it could carry nothing: then half.
  const reserved = item.reserve ? 0 : Math.min(RESERVE_BYTES, most >> 1);
  return item.size > most - reserved ? tooLarge(item, about, most - reserved, reserved) : undefined;
}

/** Whether a message made for the one is right for the other. */
function alike(one: Capabilities | undefined, other: Capabilities): boolean {
  return (
    one === other ||
    (one !== undefined &&
      one.headers === other.headers &&
      one.binary === other.binary &&
      one.delayedPublishMs === other.delayedPublishMs &&
      one.fairness === other.fairness)
  );
}
