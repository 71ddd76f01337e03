/** Decides when handlers of a group may start: its circuit breaker and its rate limit. Loaded only if a group has one of them. */
import { isMessagingError } from "../../api/errors.ts";
import { formatDuration } from "../../api/duration.ts";
import type { Trouble } from "../../base/troubles.ts";
import { within } from "../../runtime/within.ts";
import type { Gate, GroupContext, HandlerOutcome } from "../lease/group-context.ts";
import type { HeldMessage } from "../lease/held-message.ts";
import { type BreakerEvent, type BreakerState, CLOSED, roomOf, step } from "./breaker-state.ts";
import { RateLimit } from "./rate-limit.ts";

/** A user's probe that takes longer has failed, in milliseconds. */
const PROBE_MS = 30_000;

type Parts = Pick<GroupContext, "plan" | "runtime" | "emit" | "budget" | "channel">;

/** The gate of a group. Undefined if it has neither a breaker nor a rate limit. */
export function gateOf(context: GroupContext): Gate | undefined {
  const { breaker, rate } = context.plan;
  if (breaker === undefined && rate === undefined) return undefined;
  return new GroupGate(context, context.consumer.options.probe);
}

class GroupGate implements Gate {
  readonly #parts: Parts;
  readonly #probe: (() => unknown) | undefined;
  readonly #rate: RateLimit | undefined;
  readonly #outcomes = new Map<HeldMessage, HandlerOutcome>();
  #state: BreakerState = CLOSED;
  #timer: Disposable | undefined;
  #refill: Disposable | undefined;
  #why = "";
  #stopped = false;
  onRoom: () => void = () => {};
  onOpen: () => void = () => {};

  constructor(parts: Parts, probe: (() => unknown) | undefined) {
    this.#parts = parts;
    this.#probe = probe;
    const { rate } = parts.plan;
    this.#rate = rate === undefined ? undefined : new RateLimit(rate, parts.runtime);
  }

  get room(): number {
    return Math.min(roomOf(this.#state), this.#rate?.room ?? Number.POSITIVE_INFINITY);
  }

  get open(): boolean {
    return this.#state.mode !== "closed";
  }

  waitMs(message: HeldMessage): number {
    return this.#rate?.waitMs(message) ?? 0;
  }

  started(message: HeldMessage): void {
    this.#rate?.take(message);
    this.#step({ type: "started" });
    this.#pause();
  }

  note(message: HeldMessage, outcome: HandlerOutcome, error: unknown): void {
    this.#outcomes.set(message, outcome);
    if (outcome === "failed") this.#why = nameOf(error);
  }

  ended(message: HeldMessage): void {
    const outcome = this.#outcomes.get(message) ?? "neither";
    this.#outcomes.delete(message);
    this.#step({ type: "ended", id: message.opened?.id ?? message.delivery.id, outcome });
  }

  resume(): void {
    this.#step({ type: "resume" });
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.[Symbol.dispose]();
    this.#refill?.[Symbol.dispose]();
  }

  trouble(): Trouble | undefined {
    const state = this.#state;
    if (state.mode === "closed") return undefined;
    const { plan, channel, runtime } = this.#parts;
    const openMs = runtime.monotonic() - state.since;
    const { retentionMs } = plan.capabilities;
    // The broker deletes what is too old, without a word.
    const late = openMs > retentionMs / 2;
    const lost = late ? `; the broker deletes messages after ${formatDuration(retentionMs)}` : "";
    const text = `consumer "${plan.group}" of "${channel.channel}": its circuit breaker is ${state.mode} since ${formatDuration(Math.round(openMs / 1_000) * 1_000)}: ${this.#why}${lost}`;
    return { text, needsPerson: late };
  }

  #step(event: BreakerEvent): void {
    const { breaker } = this.#parts.plan;
    if (breaker === undefined) return;
    const { runtime } = this.#parts;
    const before = this.#state;
    const state = step(before, event, runtime.monotonic(), breaker);
    if (state === before) return;
    this.#state = state;
    // A pause that follows a failed probe is a new one.
    if (state.mode !== before.mode || state.mode === "open") this.#changed(state);
    this.#pause();
    if (this.room > 0) this.onRoom();
  }

  #changed(state: BreakerState): void {
    const { runtime } = this.#parts;
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    if (state.mode === "open") {
      this.#parts.emit({ type: "breaker", level: "warn", state: "open", reason: this.#why, pauseMs: state.pauseMs });
      this.#timer = runtime.timer(state.pauseMs, () => void this.#pauseOver());
      this.onOpen();
    } else {
      this.#parts.emit({ type: "breaker", level: "info", state: state.mode, reason: this.#why });
    }
  }

  async #pauseOver(): Promise<void> {
    if (this.#probe === undefined) return this.#step({ type: "pause-over" });
    const probe = await this.#probed();
    if (!this.#stopped) this.#step({ type: "pause-over", probe });
  }

  async #probed(): Promise<"passed" | "failed"> {
    const { runtime } = this.#parts;
    try {
      const running = Promise.resolve(this.#probe?.()).then(() => "passed" as const);
      return (await within(runtime, PROBE_MS, running)) ?? "failed";
    } catch (error) {
      this.#why = nameOf(error);
      return "failed";
    }
  }

  /** Nothing is fetched while nothing may start. */
  #pause(): void {
    const { budget, runtime } = this.#parts;
    const stop = this.room < 1;
    if (stop !== budget.paused) budget.pause(stop);
    const refillMs = this.#rate?.refillMs ?? 0;
    if (!stop || refillMs <= 0 || this.#refill !== undefined || roomOf(this.#state) < 1) return;
    this.#refill = runtime.timer(refillMs, () => {
      this.#refill = undefined;
      this.#pause();
      if (this.room >= 1) this.onRoom();
    });
  }
}

/** The class of an error, or its code, which says more and never quotes data. */
function nameOf(error: unknown): string {
  if (isMessagingError(error)) return error.code;
  const { name, cause } = (error ?? {}) as { name?: unknown; cause?: unknown };
  const inner = (cause as { name?: unknown } | undefined)?.name;
  return typeof inner === "string" ? `${String(name)} (${inner})` : typeof name === "string" ? name : typeof error;
}
