import type { MessagingError } from "../../api/errors.ts";
import type { Capabilities } from "../../driver/index.ts";
import { type ErrorContext, tooLarge, wrap } from "./errors.ts";
import type { OutgoingMessage } from "./outgoing-message.ts";
import type { OpenSender } from "./sender-slot.ts";

/** Bytes of the size limit that every message leaves free for the fields of its dead-letter copy (C15). */
const RESERVE_BYTES = 4_096;

const mostBytes = ({ maxMessageBytes, maxBatch }: Capabilities): number => Math.min(maxMessageBytes, maxBatch.bytes);
/** At most half of the limit is reserved; otherwise a very low limit would leave no room for messages. */
const reservedOf = (most: number): number => Math.min(RESERVE_BYTES, most >> 1);

/** The largest message that may be published, in bytes. */
export function largestMessage(capabilities: Capabilities): number {
  const most = mostBytes(capabilities);
  return most - reservedOf(most);
}

/** A message whose body must be stored elsewhere before it can be sent. */
export class Aside {
  readonly stored: Promise<void>;

  constructor(stored: Promise<void>) {
    this.stored = stored;
  }
}

/**
 * Encodes a message for an open sender and checks its size as the broker counts it. Returns undefined if the message may be sent,
 * otherwise the error, or that its body is being stored elsewhere. A message encoded for a sender with the same wire form is not
 * encoded again.
 */
export function encode(
  message: OutgoingMessage,
  sender: OpenSender,
  errorContext: ErrorContext,
): MessagingError | Aside | undefined {
  const { capabilities, driver } = sender;
  if (message.size >= 0 && message.wireFor === capabilities) return undefined;
  try {
    if (message.wire === undefined || !alike(message.wireFor, capabilities))
      message.wire = message.make(capabilities, driver);
    message.size = driver.size(message.wire);
  } catch (cause) {
    return wrap(message.id, errorContext, cause);
  }
  message.wireFor = capabilities;
  const most = mostBytes(capabilities);
  const reserved = message.reserve ? 0 : reservedOf(most);
  const limit = most - reserved;
  if (message.size <= limit && message.size <= message.storeAbove) return undefined;
  const once = message.sizeOnceStored(capabilities, driver);
  const stored = once !== undefined && once <= limit ? message.store() : undefined;
  if (stored !== undefined) return new Aside(stored);
  return message.size > limit ? tooLarge(message, errorContext, limit, reserved, once) : undefined;
}

/** Whether both capabilities lead to the same wire form. */
function alike(one: Capabilities | undefined, other: Capabilities): boolean {
  return one === other || (one !== undefined && one.headers === other.headers && one.binary === other.binary);
}
