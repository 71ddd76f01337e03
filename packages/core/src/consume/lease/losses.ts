import type { Phase } from "../../driver/index.ts";
import { fromFault, isMessagingError, type MessagingError } from "../../api/errors.ts";
import { drop, releaseBehind } from "./give-back.ts";
import type { Held } from "./held-message.ts";
import type { LeaseRunner } from "./lease-runner.ts";
import { needsPerson } from "../../base/troubles.ts";

const HOLD_LOST = "the hold on this delivery is lost or about to be; it may be delivered again";

/** The hold of one is gone, or cannot be kept. */
export function lose(held: Held, cause?: unknown): void {
  if (held.state === "settling" || held.state === "done" || held.state === "lost") return;
  const error = cause === undefined ? undefined : readable(held.lease, "extend", cause);
  report(held, "handling", error);
  const alongside = held.lease.holdings.runningBehind(held);
  releaseBehind(held);
  held.abort(holdLost(error));
  const running = held.state === "running";
  held.state = "lost";
  // A handler that still runs keeps its place: nothing of its key may start beside it.
  if (!running) drop(held);
  if (held.lease.lease.extend === undefined) overrun(held, error);
  // What follows it in its batch must come again after it, and so is not settled either.
  for (const later of alongside) lose(later, cause);
}

/**
 * Where nothing extends a hold, the driver has the message until the hold is over, and nobody would settle it. It goes back
 * at once: on a push transport it would fill a place meanwhile. The next one will be too slow as well: people are told.
 */
function overrun(held: Held, error: MessagingError | undefined): void {
  const { lease } = held.lease;
  if (lease.lost.aborted) return;
  if (error !== undefined) troubled(held.lease, "extend", error);
  const release = async () => lease.settle([{ receipt: held.delivery.receipt, action: "release" }], lease.lost);
  // Whatever comes of it: the hold ends soon.
  void release().catch(() => undefined);
}

/** Its settlement has ended: it reached the broker, or never will. */
export function settled(held: Held, lost: boolean, cause?: unknown): void {
  if (held.state === "settling") held.state = "done";
  held.lease.holdings.returned(held);
  if (lost) report(held, "settling", cause === undefined ? undefined : readable(held.lease, "settle", cause));
}

/** The holds of all that a lease holds are gone: nothing of it starts any more. */
export function loseAll({ holdings, lease }: LeaseRunner): void {
  if (holdings.size === 0) return;
  const idle: Held[] = [];
  const reason = holdLost(lease.lost.aborted ? lease.lost.reason : undefined);
  for (const held of holdings) {
    if (held.state !== "running" && held.state !== "lost") idle.push(held);
    held.abort(reason);
    held.state = "lost";
  }
  // Only now: one that leaves makes way for the next of its key, which must not start any more.
  for (const held of idle) drop(held);
}

function report(held: Held, during: "handling" | "settling", error: MessagingError | undefined): void {
  held.lease.host.context.emit({
    type: "lost",
    level: "warn",
    during,
    id: held.opened?.id ?? held.delivery.id,
    error,
    lease: held.lease.lease.id,
  });
}

/** Why `delivery.signal` aborts: the last error of its hold is in the text and in `cause`. */
function holdLost(cause: unknown): Error {
  if (cause === undefined) return new Error(HOLD_LOST);
  return new Error(isMessagingError(cause) ? `${HOLD_LOST}: ${cause.message}` : HOLD_LOST, { cause });
}

/** Raw errors quote hosts and addresses: events are for anybody. */
function readable(runner: LeaseRunner, during: Phase, cause: unknown): MessagingError {
  if (isMessagingError(cause)) return cause;
  const { plan, channel, physicalName } = runner.host.context;
  const about = { channel: channel.channel, group: plan.group };
  return fromFault(runner.classify(cause, during), `${during} on "${physicalName}"`, cause, about);
}

/** A call of a lease failed in a way that may pass: `health()` says so until it works again or is not asked for any more. */
export function troubled(runner: LeaseRunner, what: "settle" | "extend" | "receive", cause: unknown): void {
  const { troubles, plan, channel } = runner.host.context;
  const error = readable(runner, what, cause);
  const text = `consumer "${plan.group}" of "${channel.channel}": ${error.message}`;
  // A call of each kind is due at least once a hold while there is work; a minute more for queues with little of it.
  troubles.note(`${what} ${runner.lease.id}`, { text, needsPerson: needsPerson(error.kind) }, 3 * plan.holdMs + 60_000);
}

/** It works again. */
export function mended(runner: LeaseRunner, what: "settle" | "extend" | "receive"): void {
  runner.host.context.troubles.clear(`${what} ${runner.lease.id}`);
}
