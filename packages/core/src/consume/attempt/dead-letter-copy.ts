import type { WireMessage } from "../../driver/index.ts";
import { encodeBody, fingerprint } from "../../wire/codec.ts";
import { nextHop, type DeadInfo, type Envelope } from "../../wire/envelope.ts";
import { isMessagingError } from "../../api/errors.ts";
import type { Condemned } from "../lease/held-message.ts";
import { oneLine } from "../../wire/text.ts";
import { attributesOf } from "../lease/bodies.ts";
import { classOf } from "./describe-error.ts";
import type { GroupContext } from "../lease/group-context.ts";
import type { HeldMessage } from "../lease/held-message.ts";
import { envelopeFor, type Opened } from "../../wire/incoming-message.ts";

/**
 * Copies a condemned message to its dead-letter destination, with our fields, or verbatim if they do not fit. Resolves once the
 * copy is accepted; only then may the source be settled (contract C11).
 */
export async function copyToDeadLetters(
  context: GroupContext,
  message: HeldMessage,
  opened: Opened,
  condemned: Condemned,
): Promise<void> {
  const { deadLetters, runtime, plan, channel } = context;
  if (deadLetters === undefined) throw new Error("no dead-letter destination");
  const now = runtime.now();
  const original = envelopeFor(opened, message.delivery, channel.channel, now);
  const told = await toldOf(context, opened, original, condemned);
  const dead: DeadInfo = {
    ...told,
    code: condemned.code,
    attempts: message.attempt,
    channel: channel.channel,
    group: plan.group,
    ...(condemned.error === undefined ? {} : { errorClass: classOf(condemned.error) }),
    firstAt: message.firstFailedAt ?? now,
    lastAt: now,
  };
  const { expiresAt: _, ...kept } = original;
  const envelope = { ...kept, hop: nextHop(original.hop), dead };
  try {
    await deadLetters.send((caps) => encodeBody(envelope, opened.body, caps), { reserve: true });
  } catch (error) {
    if (!isMessagingError(error) || error.kind !== "permanent") throw error;
    const copy = verbatim(
      message.delivery.message,
      `${envelope.id}:${envelope.hop}:${fingerprint(envelope, opened.body)}`,
    );
    await deadLetters.send(() => copy, { reserve: true });
  }
}

/** The most characters of a reason that are encrypted. With its envelope and keys it fits into the 4 KiB of C15. */
const MOST_DETAIL = 1_000;

/**
 * The reason of a dead letter. On an encrypted channel it may quote data, so it is encrypted, and only its code and the class of the
 * error stay readable.
 */
async function toldOf(
  { bodies, channel }: GroupContext,
  opened: Opened,
  original: Envelope,
  { code, reason, error }: Condemned,
): Promise<Pick<DeadInfo, "reason" | "detail">> {
  const cipher = bodies?.pipeline.cipher;
  if (cipher === undefined) return { reason };
  const clear = error === undefined ? code : `${code}: ${classOf(error)}`;
  try {
    const attributes = attributesOf(channel.channel, opened, original.type, original.time);
    const detail = await cipher.sealText(oneLine(reason, MOST_DETAIL), attributes);
    return { reason: `${clear}; the whole reason is encrypted`, detail };
  } catch {
    // Without its text the dead letter is still worth more than a message that blocks its key.
    return { reason: `${clear}; the whole reason could not be encrypted` };
  }
}

function verbatim({ body, headers, type, key, fairness }: WireMessage, dedup: string): WireMessage {
  return {
    body,
    headers,
    dedup,
    ...(type === undefined ? {} : { type }),
    ...(key === undefined ? {} : { key }),
    ...(fairness === undefined ? {} : { fairness }),
  };
}
