import type { WireMessage } from "../driver/index.ts";
import type { MessagingEvent } from "../api/events.ts";
import type {
  Ended,
  HandledMessage,
  Handling,
  MessageTrace,
  PublishedMessage,
  Publishing,
  TelemetryPlace,
  TelemetryResult,
  TelemetrySession,
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
      this.#failed(name, error);
      return undefined;
    }
  }

  /** Runs a handler once, whatever the session does. */
  run<T>(handling: Handling, call: () => T): T {
    let made: { readonly result: T } | undefined;
    this.call("handling", () => handling.run(() => (made = { result: call() })));
    return made === undefined ? call() : (made as { readonly result: T }).result;
  }

  event(event: MessagingEvent): void {
    this.call("event", (session) => session.event?.(event));
  }

  async close(): Promise<void> {
    try {
      await this.#session.close?.();
    } catch (error) {
      this.#failed("close", error);
    }
  }

  #failed(name: string, error: unknown): void {
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
    const begun = this.#watch.call("publishing", (session) => session.publishing?.(this.place, message));
    if (begun === undefined) return undefined;
    // What is carried to others must be well-formed, whoever made it.
    const trace = begun.trace === undefined ? undefined : readTrace(begun.trace);
    return {
      ...(trace !== undefined && { trace }),
      ended: (error) => this.#watch.call("publishing", () => begun.ended(error)),
    };
  }

  sending(traces: readonly (MessageTrace | undefined)[]): Ended | undefined {
    return this.#guard(
      "sending",
      this.#watch.call("sending", (session) => session.sending?.(this.place, traces)),
    );
  }

  received(traces: readonly (MessageTrace | undefined)[], tookMs: number, failure?: TelemetryResult): void {
    this.#watch.call("received", (session) => session.received?.(this.place, traces, tookMs, failure));
  }

  handling(messages: readonly HandledMessage[], batch: boolean): Handling | undefined {
    const begun = this.#watch.call("handling", (session) => session.handling?.(this.place, messages, batch));
    if (begun === undefined) return undefined;
    return {
      run: (call) => this.#watch.run(begun, call),
      ended: (ends) => this.#watch.call("handling", () => begun.ended(ends)),
    };
  }

  settling(
    settlements: readonly { readonly action: "ack" | "retry" | "release"; readonly delivery: object }[],
  ): Ended | undefined {
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

/** The trace context of a message as a driver carries it. */
export function traceIn({ local, headers }: WireMessage): MessageTrace | undefined {
  // The headers of a message that stays in the process are made when they are read.
  return readTrace(local === undefined ? headers : (local.envelope as Envelope));
}
