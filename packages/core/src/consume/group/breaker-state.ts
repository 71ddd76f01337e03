/**
 * The circuit breaker of a group as a pure function: {@link step} gives the next state. The breaker of a running group uses it, and a
 * test searches all of its states.
 *
 *     closed → open → half-open → closed
 *                ↑________|
 */

export interface BreakerOptions {
  /** How far back outcomes count, in milliseconds. */
  readonly windowMs: number;
  /** The share of distinct messages, 0 to 1, that must have failed by a listed error. */
  readonly failures: number;
  /** The fewest distinct messages that decide. */
  readonly minimum: number;
  /** The first and the longest pause, in milliseconds. Each further one is twice as long. */
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
}

/** The last outcome of one message. */
export interface Outcome {
  readonly id: string;
  readonly at: number;
  readonly failed: boolean;
}

export type BreakerState =
  /** Messages are handled. `outcomes` has the last outcome of each message within the window, oldest first. */
  | { readonly mode: "closed"; readonly outcomes: readonly Outcome[] }
  /** No message is handled until `until`. */
  | { readonly mode: "open"; readonly since: number; readonly until: number; readonly pauseMs: number }
  /** At most `allowed` messages are tried. `running` are with handlers, `passed` have succeeded since the last step. */
  | {
      readonly mode: "half-open";
      readonly since: number;
      readonly pauseMs: number;
      readonly allowed: number;
      readonly running: number;
      readonly passed: number;
    };

export type BreakerEvent =
  | { readonly type: "started" }
  /** A handler has ended. `failed`: by a listed error. `neither`: it says nothing of the dependency. */
  | { readonly type: "ended"; readonly id: string; readonly outcome: "passed" | "failed" | "neither" }
  /** The pause is over. `probe`: what the user's probe found, if there is one. */
  | { readonly type: "pause-over"; readonly probe?: "passed" | "failed" }
  | { readonly type: "resume" };

/** Messages tried at once before the breaker closes: 1, 2, 4, then 8. */
const LAST_STEP = 8;
/** The most messages remembered. A window with more is decided by the last of them. */
const MOST_OUTCOMES = 1_000;

export const CLOSED: BreakerState = { mode: "closed", outcomes: [] };

/** How many more handlers may start. */
export function roomOf(state: BreakerState): number {
  if (state.mode === "closed") return Number.POSITIVE_INFINITY;
  return state.mode === "open" ? 0 : Math.max(state.allowed - state.running - state.passed, 0);
}

export function step(state: BreakerState, event: BreakerEvent, now: number, options: BreakerOptions): BreakerState {
  if (event.type === "resume") return state.mode === "closed" ? state : halfOpen(state.since, options.firstPauseMs);
  if (state.mode === "closed") return event.type === "ended" ? counted(state.outcomes, event, now, options) : state;
  if (state.mode === "open") {
    if (event.type !== "pause-over" || now < state.until) return state;
    return event.probe === "failed"
      ? open(state.since, now, longer(state.pauseMs, options))
      : halfOpen(state.since, state.pauseMs);
  }
  if (event.type === "started") return { ...state, running: state.running + 1 };
  if (event.type !== "ended") return state;
  const running = Math.max(state.running - 1, 0);
  if (event.outcome === "failed") return open(state.since, now, longer(state.pauseMs, options));
  if (event.outcome === "neither") return { ...state, running };
  const passed = state.passed + 1;
  if (passed < state.allowed) return { ...state, running, passed };
  // What happened before says nothing any more, or old failures would open it again at once.
  if (state.allowed >= LAST_STEP) return CLOSED;
  return { ...state, allowed: 2 * state.allowed, running, passed: 0 };
}

function counted(
  before: readonly Outcome[],
  { id, outcome }: Extract<BreakerEvent, { type: "ended" }>,
  now: number,
  options: BreakerOptions,
): BreakerState {
  if (outcome === "neither") return { mode: "closed", outcomes: before };
  const kept = before.filter((each) => each.id !== id && each.at > now - options.windowMs);
  const outcomes = [...kept, { id, at: now, failed: outcome === "failed" }].slice(-MOST_OUTCOMES);
  const failed = outcomes.filter((each) => each.failed).length;
  const trips =
    outcome === "failed" && outcomes.length >= options.minimum && failed >= options.failures * outcomes.length;
  return trips ? open(now, now, options.firstPauseMs) : { mode: "closed", outcomes };
}

const open = (since: number, now: number, pauseMs: number): BreakerState => ({
  mode: "open",
  since,
  until: now + pauseMs,
  pauseMs,
});
const halfOpen = (since: number, pauseMs: number): BreakerState => ({
  mode: "half-open",
  since,
  pauseMs,
  allowed: 1,
  running: 0,
  passed: 0,
});
const longer = (pauseMs: number, { longestPauseMs }: BreakerOptions): number => Math.min(2 * pauseMs, longestPauseMs);
