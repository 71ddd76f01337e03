import { ACK, type Attempt, runHandler } from "./run.ts";
import type { GroupContext, GroupEvent } from "../lease/ports.ts";
import type { Held } from "../lease/held-message.ts";
import { about, type Outcomes } from "./conclude.ts";
import { inTraceOf } from "../../wire/trace.ts";
import { prepare, type Prepared } from "./screen.ts";
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
  if (context.watched) return handleWatched(context, outcomes, held, prepared, done);
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

/**
 * As above, in the trace of the message where the program traces, and reporting a success with its duration to an observer:
 * apart, so that whoever does neither pays for neither.
 */
function handleWatched(context: GroupContext, outcomes: Outcomes, held: Held, view: View, done: () => void): void {
  const began = context.runtime.monotonic();
  const ended = (attempt: Attempt) => {
    if (context.observed && attempt.verdict === "ack")
      context.emit(handledEvent(held, view, context.runtime.monotonic() - began));
    outcomes.conclude(held, attempt);
    done();
  };
  const run = () => runHandler(context.consumer, view.type, view.data, view);
  const attempt = context.traced ? inTraceOf(traceOf(view), run) : run();
  if (attempt instanceof Promise) void attempt.then(ended);
  else ended(attempt);
}

/** A foreign message's is among its headers. */
export function traceOf(view: View): Readonly<Record<string, unknown>> {
  return "traceparent" in view ? (view as View & Record<string, unknown>) : view.headers;
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
