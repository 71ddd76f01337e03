import { describe, expect, it } from "vitest";
import { type BreakerEvent, type BreakerOptions, type BreakerState, CLOSED, roomOf, step } from "./breaker-state.ts";

const options: BreakerOptions = { windowMs: 10, failures: 0.5, minimum: 2, firstPauseMs: 2, longestPauseMs: 4 };
const ended = (id: string, outcome: "passed" | "failed" | "neither"): BreakerEvent => ({ type: "ended", id, outcome });
const run = (events: readonly (readonly [number, BreakerEvent])[], from: BreakerState = CLOSED): BreakerState =>
  events.reduce((state, [now, event]) => step(state, event, now, options), from);

describe("a breaker", () => {
  it("counts distinct messages: one that fails again and again does not open it", () => {
    expect(run([1, 2, 3, 4].map((now) => [now, ended("a", "failed")] as const)).mode).toBe("closed");
    expect(
      run([
        [1, ended("a", "failed")],
        [2, ended("b", "failed")],
      ]).mode,
    ).toBe("open");
  });

  it("forgets what is older than the window, and what says nothing", () => {
    expect(
      run([
        [1, ended("a", "failed")],
        [12, ended("b", "failed")],
      ]).mode,
    ).toBe("closed");
    expect(
      run([
        [1, ended("a", "failed")],
        [2, ended("b", "neither")],
        [3, ended("c", "neither")],
      ]).mode,
    ).toBe("closed");
  });

  it("opens at the share, not below", () => {
    const three = [
      [1, ended("a", "passed")],
      [2, ended("b", "passed")],
      [3, ended("c", "failed")],
    ] as const;
    expect(run(three).mode).toBe("closed");
    expect(run([...three, [4, ended("d", "failed")]]).mode).toBe("open");
  });

  it("doubles its pause up to the longest, and starts anew once it has closed", () => {
    let state = run([
      [1, ended("a", "failed")],
      [1, ended("b", "failed")],
    ]);
    expect(state).toMatchObject({ mode: "open", until: 3, pauseMs: 2 });
    for (const [at, pauseMs] of [
      [3, 4],
      [7, 4],
    ] as const) {
      state = run(
        [
          [at, { type: "pause-over" }],
          [at, { type: "started" }],
          [at, ended("a", "failed")],
        ],
        state,
      );
      expect(state).toMatchObject({ mode: "open", pauseMs });
    }
    state = run([[11, { type: "pause-over" }]], state);
    for (const allowed of [1, 2, 4, 8]) {
      expect(roomOf(state)).toBe(allowed);
      for (let i = 0; i < allowed; i++)
        state = run(
          [
            [11, { type: "started" }],
            [11, ended(`${i}`, "passed")],
          ],
          state,
        );
    }
    expect(state).toEqual(CLOSED);
  });

  it("leaves no message out: a try that says nothing makes room for another", () => {
    let state = run([
      [1, ended("a", "failed")],
      [1, ended("b", "failed")],
      [3, { type: "pause-over" }],
    ]);
    state = run(
      [
        [3, { type: "started" }],
        [3, ended("x", "neither")],
      ],
      state,
    );
    expect(roomOf(state)).toBe(1);
  });
});

const byId = (one: BreakerEvent, other: BreakerEvent): number => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1);

/** Every state that up to 12 events of three messages can lead to. */
describe("in every state", () => {
  const events: readonly BreakerEvent[] = [
    { type: "started" },
    { type: "resume" },
    { type: "pause-over" },
    { type: "pause-over", probe: "failed" },
    ...["a", "b", "c"].flatMap((id) => (["passed", "failed", "neither"] as const).map((outcome) => ended(id, outcome))),
  ];
  const keyOf = (state: BreakerState, now: number): string =>
    JSON.stringify(state, (name, value: unknown) =>
      ["at", "until", "since"].includes(name) ? Math.max((value as number) - now, -11) : value,
    );
  const seen = new Map<string, { readonly state: BreakerState; readonly now: number }>();
  const queue: { readonly state: BreakerState; readonly now: number }[] = [{ state: CLOSED, now: 100 }];
  while (queue.length > 0) {
    const at = queue.shift()!;
    const key = keyOf(at.state, at.now);
    if (seen.has(key) || seen.size > 20_000) continue;
    seen.set(key, at);
    // Time goes in steps of a pause; states differ only by what is still within the window.
    for (const now of [at.now, at.now + 2])
      for (const event of events) queue.push({ state: step(at.state, event, now, options), now });
  }
  const states = [...seen.values()];

  it("there is a way back to closed", () => {
    expect(states.length).toBeGreaterThan(500);
    for (const { state, now } of states) {
      let current = state;
      let at = now;
      for (let i = 0; i < 40 && current.mode !== "closed"; i++) {
        at += options.longestPauseMs;
        current = step(current, { type: "pause-over" }, at, options);
        while (current.mode === "half-open" && current.running > 0)
          current = step(current, ended("z", "passed"), at, options);
        while (roomOf(current) > 0 && current.mode === "half-open") {
          current = step(current, { type: "started" }, at, options);
          current = step(current, ended("z", "passed"), at, options);
        }
      }
      expect(current.mode).toBe("closed");
    }
  });

  it("open lets nothing start, half-open never more than its step, and no pause is longer than the longest", () => {
    const rooms = states.map(({ state }) => ({
      most: { closed: Infinity, open: 0, "half-open": 8 }[state.mode],
      state,
    }));
    expect(rooms.filter(({ state, most }) => roomOf(state) > most)).toEqual([]);
    const pauses = states.flatMap(({ state }) => (state.mode === "closed" ? [] : [state.pauseMs]));
    expect(Math.max(...pauses)).toBe(options.longestPauseMs);
  });

  it("only a failure by a listed error opens it", () => {
    const openers = new Set(
      states.flatMap(({ state, now }) =>
        events.filter((event) => state.mode !== "open" && step(state, event, now, options).mode === "open"),
      ),
    );
    expect([...openers].sort(byId)).toEqual([ended("a", "failed"), ended("b", "failed"), ended("c", "failed")]);
  });
});
