import { ACK, type Attempt, runHandler } from "./attempt.ts";
import type { GroupContext, GroupEvent } from "./group-context.ts";
import type { Held } from "./held.ts";
import { about, type Outcomes } from "./outcomes.ts";
import { prepare, type Prepared } from "./prepare.ts";
import { View } from "./view.ts";

/** Looks at a delivery and settles it where no handler is called for; true when one is. */
export function screened(
  context: GroupContext,
  outcomes: Outcomes,
  held: Held,
  prepared: Prepared,
): prepared is View & Record<string, unknown> {
  if (prepared instanceof View) return true;
  if (prepared.kind === "condemned") {
    outcomes.condemn(held, prepared.condemned);
  } else if (prepared.kind === "expired") {
    outcomes.expired(held);
  } else {
    if (prepared.kind === "ignored")
      context.emit({ type: "discarded", level: "info", messageType: prepared.type, ...about(held) });
    outcomes.conclude(held, ACK);
  }
  return false;
}

/** One attempt of one delivery. `done` is called when its handler has ended, whatever the outcome; never throws. */
export function attemptOne(context: GroupContext, outcomes: Outcomes, held: Held, done: () => void): void {
  held.lease.begin(held);
  if (held.condemned !== undefined) {
    const again = held.condemned;
    held.condemned = undefined;
    outcomes.condemn(held, again);
    return done();
  }
  const prepared = prepare(context, held);
  if (prepared instanceof Promise) void prepared.then((ready) => handle(context, outcomes, held, ready, done));
  else handle(context, outcomes, held, prepared, done);
}

/** No promise and no closure where schema and handler are synchronous. */
function handle(context: GroupContext, outcomes: Outcomes, held: Held, prepared: Prepared, done: () => void): void {
  if (!screened(context, outcomes, held, prepared)) return done();
  if (context.observed) return handleObserved(context, outcomes, held, prepared, done);
  const attempt = runHandler(context.consumer, prepared.type, prepared.data, prepared);
  if (attempt instanceof Promise) {
    void attempt.then((ended) => {
      outcomes.conclude(held, ended);
      done();
    });
  } else {
    outcomes.conclude(held, attempt);
    done();
  }
}

/** As above, and a success is reported with its duration: apart, so that without an observer no clock is read. */
function handleObserved(context: GroupContext, outcomes: Outcomes, held: Held, view: View, done: () => void): void {
  const began = context.runtime.monotonic();
  const ended = (attempt: Attempt) => {
    if (attempt.verdict === "ack") context.emit(handledEvent(held, view, context.runtime.monotonic() - began));
    outcomes.conclude(held, attempt);
    done();
  };
  const attempt = runHandler(context.consumer, view.type, view.data, view);
  if (attempt instanceof Promise) void attempt.then(ended);
  else ended(attempt);
}

/** `batch`: how many deliveries the handler had at once. */
export function handledEvent(held: Held, view: View, durationMs: number, batch?: number): GroupEvent {
  return {
    type: "handled",
    level: "info",
    messageType: view.type,
    attempt: view.attempt,
    durationMs,
    ...(batch === undefined ? {} : { batch }),
    ...about(held),
  };
}
