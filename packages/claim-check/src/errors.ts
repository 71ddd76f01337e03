/** The errors of the claim check. All stores use them. */
import { excerpt, MessagingError } from "@switchyard/core/driver-kit";
import { MOST_BYTES } from "./limits.ts";

/** For errors: the address as its writer gave it, clipped and quoted. */
const quoted = (ref: string): string => excerpt(ref, 300);

export function tooLarge(bytes: number): MessagingError {
  const text = `the body has ${bytes} bytes; a stored one has at most ${MOST_BYTES} (64 MiB). Store it yourself and publish its address`;
  return new MessagingError("too-large", text, { kind: "permanent" });
}

/** A pointer that must not be followed. */
export function refused(ref: string, why: string): MessagingError {
  return new MessagingError("claim-refused", `the pointer to ${quoted(ref)} is not followed: ${why}`, {
    kind: "permanent",
  });
}

/** The object is not what the message says. */
export function damaged(ref: string, why: string): MessagingError {
  return new MessagingError("claim-damaged", `the object ${quoted(ref)} is not what the message says: ${why}`, {
    kind: "permanent",
  });
}

export function missing(ref: string, cause?: unknown): MessagingError {
  const text = `there is no object ${quoted(ref)}: it has expired or was deleted`;
  return new MessagingError("claim-missing", text, { kind: "permanent", cause });
}

/** Waiting helps: rights may be corrected. Without the right to list, S3 also answers so where the object is gone. */
export function denied(ref: string, hint: string, giveUpAfterMs: number, cause: unknown): MessagingError {
  const text = `the object ${quoted(ref)} may not be read; ${hint}`;
  return new MessagingError("claim-denied", text, { kind: "auth", cause, giveUpAfterMs });
}
