import { ACK, type Attempt, runHandler } from "./run.ts";
import type { GroupContext, GroupEvent } from "../lease/group-context.ts";
import type { HeldMessage } from "../lease/held-message.ts";
import { factsOf, type Concluder } from "./conclude.ts";
import type { HandledMessage, HandlerEnd, Handling } from "../../api/telemetry.ts";
import { inTraceOf, readTrace } from "../../wire/trace.ts";
import { readAgain } from "./postpone.ts";
import { screen, type Screened } from "./screen.ts";
import { View } from "./view.ts";

/** Returns true if the delivery needs a handler. Otherwise concludes it. */
export function wantsHandler(
  context: GroupContext,
  concluder: Concluder,
  message: HeldMessage,
  screened: Screened,
): screened is View & Record<string, unknown> {
  if (screened instanceof View) {
    if (message.body !== undefined) readAgain(context, message);
    return true;
  }
  if (screened.kind === "condemned") {
    concluder.condemn(message, screened.condemned);
  } else if (screened.kind === "unavailable") {
    concluder.unavailable(message, screened.error);
  } else if (screened.kind === "expired") {
    concluder.expired(message);
  } else {
    if (screened.kind === "ignored")
      context.emit({ type: "discarded", level: "info", messageType: screened.type, ...factsOf(message) });
    concluder.conclude(message, ACK);
  }
  return false;
}

/** Runs one attempt of one delivery and calls `done` when its handler has ended, whatever the outcome. Never throws. */
export function attemptOne(context: GroupContext, concluder: Concluder, message: HeldMessage, done: () => void): void {
  message.lease.begin(message);
  if (message.condemned !== undefined) {
    const again = message.condemned;
    message.condemned = undefined;
    concluder.condemn(message, again);
    return done();
  }
  const screened = screen(context, message);
  if (screened instanceof Promise)
    void screened.then((ready) => {
      if (message.state !== "lost") return handle(context, concluder, message, ready, done);
      // The hold was lost meanwhile, so the message comes again, and what was found out about it may be wrong.
      message.lease.end(message);
      message.lease.leave(message);
      done();
    });
  else handle(context, concluder, message, screened, done);
}

/** Makes neither promise nor closure if the schema and the handler are synchronous. */
function handle(
  context: GroupContext,
  concluder: Concluder,
  message: HeldMessage,
  screened: Screened,
  done: () => void,
): void {
  if (!wantsHandler(context, concluder, message, screened)) return done();
  if (context.watched) return handleWatched(context, concluder, message, screened, done);
  const { type, data } = screened;
  const attempt = context.scope.runInAsyncScope(runHandler, undefined, context.consumer, type, data, screened);
  if (attempt instanceof Promise) {
    void attempt.then((ended) => {
      concluder.conclude(message, ended);
      done();
    });
  } else {
    concluder.conclude(message, attempt);
    done();
  }
}

/**
 * Like {@link handle}, but runs the handler in the message's trace and reports successes with their duration. A function of its own,
 * so that programs without traces and observers do not pay for them.
 */
function handleWatched(
  context: GroupContext,
  concluder: Concluder,
  message: HeldMessage,
  view: View,
  done: () => void,
): void {
  const { probe } = context;
  const began = context.observed ? context.runtime.monotonic() : 0;
  const handling = probe?.handling([handledBy(view)], false);
  if (handling !== undefined) message.handling = handling;
  const ended = (attempt: Attempt) => {
    if (handling !== undefined) probe!.handled(handling, attempt.verdict === "ack" ? ALL_ACKED : [endOf(attempt)]);
    if (context.observed && attempt.verdict === "ack")
      context.emit(handledEvent(message, view, context.runtime.monotonic() - began));
    concluder.conclude(message, attempt);
    done();
  };
  const attempt = context.scope.runInAsyncScope(runWatched, undefined, context, handling, view);
  if (attempt instanceof Promise) void attempt.then(ended);
  else ended(attempt);
}

function runWatched(context: GroupContext, handling: Handling | undefined, view: View): ReturnType<typeof runHandler> {
  const run = () => runHandler(context.consumer, view.type, view.data, view);
  if (handling !== undefined) return context.probe!.run(handling, run);
  return context.traced ? inTraceOf(traceOf(view), run) : run();
}

/** A message as telemetry sees it. */
export function handledBy(view: View): HandledMessage {
  const { id, type, source, time, attempt, foreign, hop } = view;
  return { id, type, source, time, attempt, foreign, hop, trace: readTrace(traceOf(view)) };
}

/** The end of a handler, as telemetry sees it. */
export const endOf = (attempt: Attempt): { readonly end: HandlerEnd; readonly error?: unknown } =>
  attempt.verdict === "ack" ? ACKED : { end: attempt.verdict, error: attempt.error };

const ACKED = { end: "ack" } as const;
const ALL_ACKED = [ACKED];

/** The trace context of a delivery. A foreign message has it in its headers. */
export function traceOf(view: View): Readonly<Record<string, unknown>> {
  return "traceparent" in view ? (view as View & Record<string, unknown>) : view.headers;
}

/** `batch` is the number of deliveries that the handler was given at once. */
export function handledEvent(message: HeldMessage, view: View, durationMs: number, batch?: number): GroupEvent {
  return {
    type: "handled",
    level: "info",
    messageType: view.type,
    attempt: view.attempt,
    durationMs,
    ...(batch === undefined ? {} : { batch }),
    ...factsOf(message),
  };
}
