import type { Settlement } from "../../driver/index.ts";
import type { Held } from "./held-message.ts";
import type { LeaseRunner } from "./lease-runner.ts";

/** Can the broker hold it back that long? */
export function canReturn(held: Held, delayMs: number): boolean {
  const { lease } = held;
  if (lease.log || delayMs > lease.host.capabilities.retryDelayMs) return false;
  const last = held.delivery.lastDeadline;
  return last === undefined || lease.runtime.monotonic() + delayMs < last;
}

/** Can this process hold it that long? */
export function canKeep(held: Held, delayMs: number): boolean {
  if (held.deadline === undefined) return true;
  const { lease } = held;
  const last = lease.lease.extend === undefined ? held.deadline : held.delivery.lastDeadline;
  return last === undefined || lease.runtime.monotonic() + delayMs + lease.heartbeat.margin < last;
}

/** The next attempt comes here, after the delay; meanwhile it stays the head of its lane. */
export function wait(held: Held, delayMs: number): void {
  const { runtime, holdings, host } = held.lease;
  held.state = "waiting";
  held.dueAt = runtime.monotonic() + delayMs;
  held.wait = runtime.timer(delayMs, () => {
    held.wait = undefined;
    held.state = "ready";
    host.enqueue(held);
  });
  holdings.wakeIdle();
  if (host.context.budget.full) host.full();
}

/** A failed attempt goes back to the broker, and what is held behind it of its key goes back too. */
export function giveBack(held: Held, delayMs: number, attempt: number): void {
  unwait(held);
  remember(held, attempt);
  goBack(held, {
    receipt: held.delivery.receipt,
    action: "retry",
    delayMs: Math.max(delayMs, 0),
    attempt,
  });
}

/** Nobody's fault: back at once. On a log there is nowhere to give it back to: it stays unsettled. */
export function release(held: Held, reason: "stop" | "asked" | "order" | "budget" | "hold"): void {
  const { lease } = held;
  if (held.state === "lost") return lease.leave(held);
  unwait(held);
  if (held.failures > 0) remember(held, held.attempt - 1);
  if (reason === "stop") lease.host.gaveBack();
  lease.host.context.emit({
    type: "released",
    level: "info",
    reason,
    id: held.opened?.id ?? held.delivery.id,
    lease: lease.lease.id,
  });
  if (lease.log) {
    releaseBehind(held);
    return drop(held);
  }
  goBack(held, { receipt: held.delivery.receipt, action: "release" });
}

function goBack(held: Held, settlement: Settlement): void {
  const { lease } = held;
  lease.holdings.returning(held);
  releaseBehind(held);
  lease.settler.add(held, settlement);
  lease.leave(held);
}

/** Forgotten here: it is unsettled, and will come again. */
export function drop(held: Held): void {
  unwait(held);
  if (held.state !== "running") held.state = "lost";
  if (held.failures > 0) remember(held, held.attempt - 1);
  held.lease.leave(held);
}

/** What of its key came after it goes back: nothing may overtake it. */
export function releaseBehind(held: Held): void {
  for (const later of held.lease.holdings.cutBehind(held)) release(later, "order");
}

/** Its hold ends soon and cannot be extended: nobody has it in hand, so it goes back rather than be lost. */
export function releaseInTime(held: Held): void {
  const left = held.dueAt - held.lease.runtime.monotonic();
  if (held.state === "waiting" && canReturn(held, left)) giveBack(held, left, held.attempt - 1);
  else release(held, "hold");
}

/** Everything that no handler has yet. */
export function releaseUnstarted({ holdings, runtime }: LeaseRunner): void {
  const now = runtime.monotonic();
  for (const held of holdings) {
    if (!held.listed) continue;
    if (held.state === "waiting" && canReturn(held, held.dueAt - now))
      giveBack(held, held.dueAt - now, held.attempt - 1);
    else if (held.state === "waiting" || held.state === "ready") release(held, "stop");
  }
}

/** What came when nothing was wanted any more. */
export function refuse(arrived: readonly Held[]): void {
  for (const held of arrived) {
    if (held.state !== "ready") continue;
    if (held.lease.lease.lost.aborted) drop(held);
    else release(held, "stop");
  }
}

function unwait(held: Held): void {
  held.wait?.[Symbol.dispose]();
  held.wait = undefined;
}

function remember(held: Held, attempts: number): void {
  if (held.delivery.unique === false) return;
  const { runtime, host } = held.lease;
  host.context.attempts.failed(held.delivery.id, { attempts, firstAt: held.firstFailedAt ?? runtime.now() });
}
