import type { WireMessage } from "../driver/index.ts";
import type { MessagingEvent } from "../api/events.ts";
import type {
  Ended,
  HandledMessage,
  HandlerEnd,
  Handling,
  MessageTrace,
  PublishedMessage,
  Publishing,
  ReceivedMessages,
  TelemetryPlace,
  TelemetryResult,
  TelemetrySession,
  TelemetrySettlement,
} from "../api/telemetry.ts";
import { printThrow } from "../base/guarded.ts";
import type { Envelope } from "./envelope.ts";
import { readTrace } from "./trace.ts";

const DONE: TelemetryResult = Object.freeze({});

/** The result of one message of a call. */
export const resultOf = (code: string | undefined): TelemetryResult => (code === undefined ? DONE : { code });

/** Tells a telemetry session what happens. What the session throws is printed once for each of its methods, and harms nobody. */
export class Watch {
  readonly #session: TelemetrySession;
  readonly #broken = new Set<string>();

  constructor(session: TelemetrySession) {
    this.#session = session;
  }

  at(place: TelemetryPlace): Probe {
    return new Probe(this, place);
  }

  /** True if the session runs handlers itself. */
  get handles(): boolean {
    return this.#session.handling !== undefined;
  }

  call<R>(name: keyof TelemetrySession, call: (session: TelemetrySession) => R): R | undefined {
    try {
      return call(this.#session);
    } catch (error) {
      this.failed(name, error);
      return undefined;
    }
  }

  event(event: MessagingEvent): void {
    this.call("event", (session) => session.event?.(event));
  }

  async close(): Promise<void> {
    try {
      await this.#session.close?.();
    } catch (error) {
      this.failed("close", error);
    }
  }

  failed(name: string, error: unknown): void {
    if (this.#broken.has(name)) return;
    this.#broken.add(name);
    printThrow(`telemetry.${name}`, error);
  }
}

/** A {@link Watch} at one place. */
export class Probe {
  readonly place: TelemetryPlace;
  readonly #watch: Watch;

  constructor(watch: Watch, place: TelemetryPlace) {
    this.#watch = watch;
    this.place = place;
  }

  get handles(): boolean {
    return this.#watch.handles;
  }

  publishing(message: PublishedMessage): Publishing | undefined {
    return this.#watch.call("publishing", (session) => session.publishing?.(this.place, message));
  }

  /** Call this at the end of a publish. */
  published(publishing: Publishing, error?: unknown): void {
    try {
      publishing.ended(error);
    } catch (thrown) {
      this.#watch.failed("publishing", thrown);
    }
  }

  sending(traces: readonly (MessageTrace | undefined)[]): Ended | undefined {
    return this.#guard(
      "sending",
      this.#watch.call("sending", (session) => session.sending?.(this.place, traces)),
    );
  }

  received(messages: ReceivedMessages, tookMs: number, failure?: TelemetryResult): void {
    this.#watch.call("received", (session) => session.received?.(this.place, messages, tookMs, failure));
  }

  handling(messages: readonly HandledMessage[], batch: boolean): Handling | undefined {
    return this.#watch.call("handling", (session) => session.handling?.(this.place, messages, batch));
  }

  /** Runs a handler once, whatever the session does. */
  run<T>(handling: Handling, call: () => T): T {
    let made: { readonly result: T } | undefined;
    try {
      handling.run(() => (made = { result: call() }));
    } catch (thrown) {
      this.#watch.failed("handling", thrown);
    }
    return made === undefined ? call() : (made as { readonly result: T }).result;
  }

  /** Call this when a handler has ended, or those of a batch. */
  handled(handling: Handling, ends: readonly { readonly end: HandlerEnd; readonly error?: unknown }[]): void {
    try {
      handling.ended(ends);
    } catch (thrown) {
      this.#watch.failed("handling", thrown);
    }
  }

  settling(settlements: readonly TelemetrySettlement[]): Ended | undefined {
    return this.#guard(
      "settling",
      this.#watch.call("settling", (session) => session.settling?.(this.place, settlements)),
    );
  }

  lease(change: "gained" | "ended" | "lost"): void {
    this.#watch.call("lease", (session) => session.lease?.(this.place, change));
  }

  #guard(name: keyof TelemetrySession, ended: Ended | undefined): Ended | undefined {
    return ended && ((results) => this.#watch.call(name, () => ended(results)));
  }
}

/** The trace context that a session gives to a message. What is carried to others must be well-formed, whoever made it. */
export function carriedBy({ trace }: Publishing): MessageTrace | undefined {
  if (trace === undefined) return undefined;
  const read = readTrace(trace);
  // A session gets its own object again with the calls that send it, and may know more of it than its text.
  return read?.tracestate === trace.tracestate && read !== undefined ? trace : read;
}

/** The trace context of a message as a driver carries it. */
export function traceIn({ local, headers }: WireMessage): MessageTrace | undefined {
  // The headers of a message that stays in the process are made when they are read.
  return readTrace(local === undefined ? headers : (local.envelope as Envelope));
}
