/** What the end of a channel means for each of its unconfirmed messages. */
import type { Caution } from "./caution.ts";
import { AmqpFault, classify, wordsOf } from "../errors.ts";

const TOO_LARGE = /^.{0,120}message size \d+ is larger than (?:the )?(?:configured )?max(?:imum)? size (\d+)/i;
/** The class and method ids of `basic.publish`, which the broker names as its reason when it closes a channel. */
const BASIC = 60;
const PUBLISH = 40;

interface Close {
  readonly reply: number;
  readonly text: string;
}

/** The close of a channel for which the broker names a publish as its reason. Undefined if the channel ended otherwise. */
function closeOf(reason: unknown): Close | undefined {
  const { code, classId, methodId, message } = (reason ?? {}) as Record<string, unknown>;
  if (typeof code !== "number" || classId !== BASIC || methodId !== PUBLISH) return undefined;
  // Replies such as "541 INTERNAL_ERROR" say nothing about the message.
  return code >= 500 && code !== 540 ? undefined : { reply: code, text: String(message) };
}

/**
 * One cause for each message, in the order in which they were written. The refused message was certainly not accepted. The broker
 * discarded the messages that were written after it, so they can be sent again. Those written before it may have been accepted.
 * `accepted`: the broker had accepted a message on this channel. If it had not, a refusal of the destination (a missing right, a missing
 * exchange) was the answer to the first message.
 */
export function causesOf(
  reason: unknown,
  orphans: readonly { readonly bytes: number }[],
  accepted: boolean,
  caution: Caution | undefined,
): readonly AmqpFault[] {
  const close = closeOf(reason);
  if (close === undefined) return orphans.map(() => unanswered(reason));
  const limit = Number(TOO_LARGE.exec(close.text.slice(0, 300))?.[1] ?? Number.NaN);
  if (!Number.isNaN(limit)) {
    if (caution !== undefined) caution.maxBodyBytes = Math.min(caution.maxBodyBytes, limit);
    const first = orphans.findIndex(({ bytes }) => bytes > limit);
    if (first >= 0) {
      return orphans.map(({ bytes }, at) => {
        if (bytes > limit) return tooLarge(bytes, limit, reason);
        return at < first ? unanswered(reason) : thrownAway(reason);
      });
    }
  }
  const ofDestination = close.reply !== 406 && !accepted;
  if (orphans.length === 1 || ofDestination) return orphans.map(() => refused(close, reason));
  caution?.goAlone(orphans.length);
  // The last message was not accepted: it is the refused one, or comes after it.
  return orphans.map((_, at) => (at < orphans.length - 1 ? unanswered(reason) : thrownAway(reason)));
}

export const tooLarge = (bytes: number, limit: number, cause?: unknown): AmqpFault =>
  new AmqpFault(
    "permanent",
    "too-large",
    `a body of ${bytes} bytes; the broker's max_message_size is ${limit}: raise it there, or set the connection's maxMessageBytes to it and send less`,
    cause,
  );

function refused({ reply, text }: Close, reason: unknown): AmqpFault {
  const said = wordsOf(text.slice(0, 600));
  if (reply === 406)
    return new AmqpFault("permanent", "refused", "the broker refused the message", reason, undefined, { said });
  const { kind, code, hint = "the broker refused the message" } = classify(reason, "open");
  return new AmqpFault(kind, code, hint, reason, undefined, { said });
}

const thrownAway = (reason: unknown): AmqpFault =>
  new AmqpFault("retryable", "channel-closed", "the broker closed the channel before it took this message", reason);

const unanswered = (reason: unknown): AmqpFault =>
  new AmqpFault("ambiguous", "connection-lost", "the channel was closed before the broker answered", reason);
