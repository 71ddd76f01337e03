/** The errors of encryption. No text holds key material, and none says what a protected attribute contains. */
import { excerpt, formatDuration, isMessagingError, MessagingError } from "@switchyard/core/driver-kit";
import type { Attributes } from "@switchyard/core/pipeline";

/** The message that an error is about. */
export type About = Pick<Attributes, "channel" | "id">;

const about = ({ channel, id }: About): { readonly channel: string; readonly id: string } => ({ channel, id });

/** The message can never be read. */
export function undecryptable(why: string, message?: About): MessagingError {
  return new MessagingError("undecryptable", `the message cannot be decrypted: ${why}`, {
    kind: "permanent",
    ...(message === undefined ? {} : about(message)),
  });
}

export function notEncrypted(message: About): MessagingError {
  const text = `the message is not encrypted, and "${message.channel}" requires it; encrypt it where it is published, or set accept: optional with until while publishers change`;
  return new MessagingError("not-encrypted", text, { kind: "permanent", ...about(message) });
}

export function unknownKey(kid: string, entry: string, giveUpAfterMs: number, message: About): MessagingError {
  const text = `the message was encrypted with the key ${excerpt(kid, 300)}, which keys.${entry} does not read; add it to read. The message waits ${formatDuration(giveUpAfterMs)}`;
  return new MessagingError("unknown-key", text, { kind: "retryable", giveUpAfterMs, ...about(message) });
}

/** What a key service answers, or fails to. */
export type KeyFault = "keys-throttled" | "keys-denied" | "keys-disabled" | "keys-unreachable";

const KINDS = {
  "keys-throttled": "throttled",
  "keys-denied": "auth",
  "keys-disabled": "auth",
  "keys-unreachable": "retryable",
} as const;

export function keyFault(code: KeyFault, text: string, cause?: unknown): MessagingError {
  return new MessagingError(code, text, { kind: KINDS[code], cause });
}

/**
 * What a provider's error means. A MessagingError passes, unless its kind would be wrong here: nothing was sent, so no failure is
 * ambiguous, and one that concerns the keys must not end a message.
 */
export function ofProvider(error: unknown, doing: string): MessagingError {
  if (!isMessagingError(error)) {
    // Its text may hold what the provider works with: keys, tokens, addresses.
    const name = (error as { readonly name?: unknown } | null | undefined)?.name;
    const what = typeof name === "string" ? ` (${excerpt(name, 60)})` : "";
    return keyFault("keys-unreachable", `${doing} failed${what}`);
  }
  if (error.kind !== "ambiguous" && error.kind !== "config" && error.kind !== "closed") return error;
  return keyFault(error.kind === "config" ? "keys-denied" : "keys-unreachable", error.message);
}

export function aborted(message: About): MessagingError {
  return new MessagingError("aborted", "nobody waits for the key any more", { kind: "closed", ...about(message) });
}

export function closed(entry: string): MessagingError {
  return new MessagingError("closed", `keys.${entry} is closed`, { kind: "closed" });
}
