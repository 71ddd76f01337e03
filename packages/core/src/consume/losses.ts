import { fromFault, isMessagingError } from "../errors.ts";
import { drop, releaseBehind } from "./give-back.ts";
import type { Held } from "./held.ts";
import type { LeaseRunner } from "./lease-runner.ts";

const HOLD_LOST = "the hold on this delivery is lost or about to be; it may be delivered again";

/** The hold of one is gone, or cannot be kept. */
export function lose(held: Held, cause?: unknown): void {
  if (held.state === "settling" || held.state === "done" || held.state === "lost") return;
  report(held, "handling", cause);
  releaseBehind(held);
  held.abort(new Error(HOLD_LOST));
  const running = held.state === "running";
  held.state = "lost";
  // A handler that still runs keeps its place: nothing of its key may start beside it.
  if (!running) drop(held);
}

/** Its settlement has ended: it reached the broker, or never will. */
export function settled(held: Held, lost: boolean, cause?: unknown): void {
  if (held.state === "settling") held.state = "done";
  held.lease.holdings.returned(held);
  if (lost) report(held, "settling", cause);
}

/** The holds of all that a lease holds are gone: nothing of it starts any more. */
export function loseAll({ holdings }: LeaseRunner): void {
  const idle: Held[] = [];
  for (const held of holdings) {
    if (held.state !== "running" && held.state !== "lost") idle.push(held);
    held.abort(new Error(HOLD_LOST));
    held.state = "lost";
  }
  // Only now: one that leaves makes way for the next of its key, which must not start any more.
  for (const held of idle) drop(held);
}

function report(held: Held, during: "handling" | "settling", cause: unknown): void {
  held.lease.host.context.emit({
    type: "lost",
    level: "warn",
    during,
    id: held.opened?.id ?? held.delivery.id,
    error: readable(held, during === "handling" ? "extend" : "settle", cause),
    lease: held.lease.lease.id,
  });
}

/** Raw errors quote hosts and addresses: events are for anybody. */
function readable(held: Held, during: "settle" | "extend", cause: unknown): unknown {
  if (cause === undefined || isMessagingError(cause)) return cause;
  const { connection, plan, channel } = held.lease.host.context;
  const about = { channel: channel.channel, group: plan.group };
  return fromFault(connection.classify(cause, during), `${during} on "${plan.from.name}"`, cause, about);
}
