import type { MessagingError } from "../../api/errors.ts";
import type { Capabilities } from "../../driver/index.ts";
import { type ErrorContext, tooLarge, wrap } from "./errors.ts";
import type { OutgoingMessage } from "./outgoing-message.ts";
import type { OpenSender } from "./sender-slot.ts";

/** Kept free by every message for the fields of its dead-letter copy (C15). */
const RESERVE_BYTES = 4_096;

/**
 * Writes a message for an open sender, counts it as its broker does and holds it against the limit. Undefined: it may be sent;
 * else why not. What was written for a sender that writes alike is kept, so that a resend costs nothing.
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
  // A limit so low that the reserve is most of it could carry nothing: then half.
  const reserved = message.reserve ? 0 : Math.min(RESERVE_BYTES, most >> 1);
  return message.size > most - reserved ? tooLarge(message, errorContext, most - reserved, reserved) : undefined;
}

/** Whether a message written for the one is right for the other. */
function alike(one: Capabilities | undefined, other: Capabilities): boolean {
  return one === other || (one !== undefined && one.headers === other.headers && one.binary === other.binary);
}
