import type { Attributes, Meter, ObservableResult } from "@opentelemetry/api";
import type { Duration, GroupDepth, TelemetryContext } from "@switchyard/core";
import { parseDuration } from "@switchyard/core/driver-kit";
import { badOption } from "./bad-option.ts";
import { CONVENTIONAL as IS, OWN, OWN_METRICS } from "./names.ts";

/** Who emits the backlog of which channels. Give it to one process only: it is the same number whoever asks. */
export interface BacklogOptions {
  /** How often the broker is asked. Default 30s. */
  readonly every?: Duration;
  /** The channels. Default: all of `connect({ channels })`. */
  readonly channels?: readonly { readonly name: string }[];
}

/** A number that was not renewed for this many rounds is no longer reported. */
const ROUNDS = 3;

/** Asks for the backlog from time to time and reports the last answer. A channel whose broker does not answer is left out after three rounds. */
export class Backlog {
  readonly #context: TelemetryContext;
  readonly #everyMs: number;
  readonly #known = new Map<string, { readonly groups: readonly GroupDepth[]; readonly at: number }>();
  readonly #timers = new Map<string, Disposable>();
  #stopped = false;

  constructor(meter: Meter, context: TelemetryContext, { every = "30s", channels }: BacklogOptions) {
    const everyMs = parseDuration(every);
    if (everyMs === undefined || everyMs < 1_000) throw badOption("backlog.every", "pass a duration of at least 1s");
    const names = channels?.map(({ name }) => name) ?? context.channels;
    const unknown = names.find((name) => !context.channels.includes(name));
    if (unknown !== undefined) throw badOption("backlog.channels", `"${unknown}" is not one of connect({ channels })`);
    this.#context = context;
    this.#everyMs = everyMs;
    meter
      .createObservableGauge(OWN_METRICS.backlog, {
        unit: "{message}",
        description: "Messages of a group that wait (ready), are delayed, or are held by a consumer.",
      })
      .addCallback((result: ObservableResult) => this.#observe(result, "count"));
    meter
      .createObservableGauge(OWN_METRICS.backlogAge, {
        unit: "s",
        description: "The age of a group's oldest message. Absent where the broker does not tell.",
      })
      .addCallback((result: ObservableResult) => this.#observe(result, "age"));
    // Each on its own: a broker that does not answer holds up no channel of another.
    for (const channel of names) this.#later(channel, 0);
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers.values()) timer[Symbol.dispose]();
  }

  #later(channel: string, ms: number): void {
    if (this.#stopped) return;
    const timer = this.#context.runtime.timer(ms, () => void this.#ask(channel));
    // The backlog alone keeps no process alive.
    timer.unref?.();
    this.#timers.set(channel, timer);
  }

  async #ask(channel: string): Promise<void> {
    try {
      const groups = await this.#context.depth(channel);
      this.#known.set(channel, { groups, at: this.#context.runtime.monotonic() });
    } catch {
      // The number goes missing, which is what an alert should see; `switchyard lag` says why.
    }
    this.#later(channel, this.#everyMs);
  }

  #observe(result: ObservableResult, what: "count" | "age"): void {
    const since = this.#context.runtime.monotonic() - ROUNDS * this.#everyMs;
    for (const [channel, { groups, at }] of this.#known) {
      if (at < since) continue;
      for (const { group, oldestMs, ...depth } of groups) {
        const attributes: Attributes = { [IS.channel]: channel, [IS.group]: group };
        if (what === "age") {
          if (oldestMs !== undefined) result.observe(oldestMs / 1_000, attributes);
          continue;
        }
        for (const state of ["ready", "delayed", "held"] as const) {
          const count = depth[state];
          if (count !== undefined) result.observe(count, { ...attributes, [OWN.state]: state });
        }
      }
    }
  }
}
