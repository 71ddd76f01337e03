import type { MessagingError } from "../../api/errors.ts";
import type { Capabilities } from "../../driver/index.ts";
import { type ErrorContext, tooLarge, wrap } from "./errors.ts";
import type { OutgoingMessage } from "./outgoing-message.ts";
import type { OpenSender } from "./sender-slot.ts";

/** Bytes of the size limit that every message leaves free for the fields of its dead-letter copy (C15). */
const RESERVE_BYTES = 4_096;

/**
 * Encodes a message for an open sender and checks its size as the broker counts it. Returns undefined if the message may be sent,
 * otherwise the error. A message encoded for a sender with the same wire form is not encoded again.
 */
export function encode(
  message: OutgoingMessage,
  sender: OpenSender,
  errorContext: ErrorContext,
): MessagingError | undefined {
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
  const most = Math.min(capabilities.maxMessageBytes, capabilities.maxBatch.bytes);
  // At most half of the limit is reserved; otherwise a very low limit would leave no room for messages.
  const reserved = message.reserve ? 0 : Math.min(RESERVE_BYTES, most >> 1);
  return message.size > most - reserved ? tooLarge(message, errorContext, most - reserved, reserved) : undefined;
}

/** Whether both capabilities lead to the same wire form. */
function alike(one: Capabilities | undefined, other: Capabilities): boolean {
  return one === other || (one !== undefined && one.headers === other.headers && one.binary === other.binary);
}
