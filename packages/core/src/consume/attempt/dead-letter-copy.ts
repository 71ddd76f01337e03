import type { Capabilities, WireMessage } from "../../driver/index.ts";
import { encodeBody, fingerprint } from "../../wire/codec.ts";
import { nextHop, type DeadInfo } from "../../wire/envelope.ts";
import { isMessagingError } from "../../api/errors.ts";
import { readTrace } from "../../wire/trace.ts";
import type { Condemned } from "../lease/held-message.ts";
import { classOf } from "./describe-error.ts";
import type { GroupContext } from "../lease/group-context.ts";
import type { HeldMessage } from "../lease/held-message.ts";
import type { Opened } from "../../wire/incoming-message.ts";
import { envelopeFor } from "../../wire/open-message.ts";

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
  const errorClass = condemned.error === undefined ? undefined : classOf(condemned.error);
  const { code, reason } = condemned;
  const told =
    context.bodies === undefined
      ? { reason }
      : await context.bodies.told(opened, original, { code, reason, errorClass });
  const dead: DeadInfo = {
    ...told,
    code,
    attempts: message.attempt,
    channel: channel.channel,
    group: plan.group,
    ...(errorClass === undefined ? {} : { errorClass }),
    firstAt: message.firstFailedAt ?? now,
    lastAt: now,
  };
  const { expiresAt: _, maxAttempts: __, ...kept } = original;
  const envelope = { ...kept, hop: nextHop(original.hop), dead };
  try {
    const { fairness } = message.delivery.message;
    const make = (caps: Capabilities) =>
      encodeBody(envelope, opened.body, caps, caps.fairness ? { fairness } : undefined);
    await deadLetters.send(make, { reserve: true, trace: readTrace(original) });
  } catch (error) {
    if (!isMessagingError(error) || error.kind !== "permanent") throw error;
    const copy = verbatim(
      message.delivery.message,
      `${envelope.id}:${envelope.hop}:${fingerprint(envelope, opened.body)}`,
    );
    await deadLetters.send(() => copy, { reserve: true });
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
