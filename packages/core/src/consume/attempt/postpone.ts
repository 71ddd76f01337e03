import type { MessagingError } from "../../api/errors.ts";
import { needsPerson } from "../../base/troubles.ts";
import { reconnectMs } from "../../plan/backoff.ts";
import { BodyState } from "../lease/bodies.ts";
import type { GroupContext } from "../lease/group-context.ts";
import type { Condemned, HeldMessage } from "../lease/held-message.ts";

/** The trouble of messages that cannot be read: one for the group, since they have one reason. */
const UNREADABLE = "unreadable";

/** Call this when the body of a message was read. An earlier trouble is over, and a later one has its own time. */
export function readAgain({ troubles }: GroupContext, { body }: HeldMessage): void {
  if (body === undefined || body.tries === 0) return;
  body.tries = 0;
  body.own = false;
  troubles.clear(UNREADABLE);
}

/**
 * Lets a message wait whose body cannot be read now. No attempt is used up. Returns why it is given up, if it has waited as long as
 * the error allows.
 */
export function postpone(context: GroupContext, message: HeldMessage, error: MessagingError): Condemned | undefined {
  const { runtime, plan, channel } = context;
  const { lease } = message;
  const body = (message.body ??= new BodyState());
  const now = runtime.monotonic();
  if (body.tries++ === 0) body.since = now;
  body.own = error.giveUpAfterMs !== undefined;
  if (now - body.since >= (error.giveUpAfterMs ?? Number.POSITIVE_INFINITY))
    return { action: "deadLetter", code: error.code, reason: error.message, error };
  const delayMs = Math.max(reconnectMs(body.tries, runtime.random), error.retryAfterMs ?? 0);
  const facts = { id: message.opened?.id ?? message.delivery.id, lease: lease.id };
  if (body.tries === 1) context.emit({ type: "unreadable", level: "warn", error, retryInMs: delayMs, ...facts });
  const text = `consumer "${plan.group}" of "${channel.channel}": a message cannot be read: ${error.message}`;
  // One hostile message must not change the health of the whole service.
  if (!body.own)
    context.troubles.note(UNREADABLE, { text, needsPerson: needsPerson(error.kind) }, 2 * delayMs + 60_000);
  lease.end(message);
  if (message.state === "lost") lease.leave(message);
  else if (lease.canKeep(message, delayMs) && !lease.ending) lease.wait(message, delayMs);
  else if (lease.canReturn(message, delayMs)) lease.postpone(message, delayMs, lease.ending ? "stop" : "hold");
  else lease.release(message, lease.ending ? "stop" : "hold");
  return undefined;
}
