/** The judge of chaos runs: each class of finding from ledgers written by hand. */
import { describe, expect, test } from "vitest";
import { audit, story } from "./support/chaos/audit.ts";
import type { Entry, Event, Resources } from "./support/chaos/ledger.ts";
import { type Fault, faultKinds, schedule } from "./support/chaos/schedule.ts";

const drawn = (faults: Generator<Fault, never>, count: number): Fault[] =>
  Array.from({ length: count }, () => faults.next().value);
const NOTHING: Resources = { descriptors: 20, active: {}, heapBytes: 1e7 };

/** Entries `[by, event]`, ten milliseconds apart. */
const ledger = (...events: readonly (readonly [string, Event])[]): Entry[] =>
  events.map(([by, event], at) => ({ at: at * 10, by, ...event }));
const attempt = (id: string, seq = 0): readonly [string, Event] => [
  "p0-1",
  { is: "attempt", id, seq, ...(seq > 0 ? { key: "k" } : {}) },
];
const accepted = (id: string): readonly [string, Event] => ["p0-1", { is: "accepted", id }];
const begin = (id: string, by = "w0-1", seq = 0): readonly [string, Event] => [
  by,
  { is: "begin", id, seq, attempt: 1 },
];
const handled = (id: string, by = "w0-1"): readonly [string, Event] => [by, { is: "handled", id, held: true }];
const fault = (kind: (typeof faultKinds)[number], on: string, state: "begins" | "ends"): readonly [string, Event] => [
  "chaos",
  { is: "fault", kind, on: [on], state, ms: 10 },
];
const found = (entries: readonly Entry[], options = {}) =>
  audit(entries, options).findings.map(({ what, id }) => [what, id]);

describe("the audit of a chaos run", () => {
  test("finds nothing where all that was accepted was handled, redelivered or not", () => {
    const entries = ledger(
      attempt("a"),
      accepted("a"),
      begin("a"),
      begin("a", "w1-1"),
      handled("a"),
      handled("a", "w1-1"),
    );
    expect(audit(entries)).toMatchObject({ findings: [], counts: { accepted: 1, handlings: 2, duplicated: 1 } });
  });

  test("tells what is lost from what the broker still has", () => {
    const entries = ledger(attempt("a"), accepted("a"), begin("a"));
    expect(found(entries)).toEqual([["lost", "a"]]);
    expect(found(entries, { depth: 1 })).toEqual([["unseen", "a"]]);
  });

  test("counts what was ambiguous and arrived as recovered, and lets it be missing", () => {
    const ambiguous = (id: string): readonly [string, Event] => ["p0-1", { is: "ambiguous", id, code: "timeout" }];
    const entries = ledger(attempt("a"), attempt("b"), ambiguous("a"), ambiguous("b"), begin("a"), handled("a"));
    expect(audit(entries)).toMatchObject({ findings: [], counts: { ambiguous: 2, recovered: 1 } });
  });

  test("finds what was said not to be accepted and came, and what nobody published", () => {
    const failed = ledger(attempt("a"), ["p0-1", { is: "failed", id: "a", code: "closed" }], begin("a"), handled("a"));
    expect(found(failed)).toEqual([["unexpected", "a"]]);
    expect(found(ledger(begin("b")))).toEqual([["unexpected", "b"]]);
  });

  test("finds a message that began before an earlier one of its key was handled, and no redelivery", () => {
    const published = [attempt("a", 1), accepted("a"), attempt("b", 2), accepted("b")];
    const inOrder = [begin("a"), handled("a"), begin("b"), handled("b"), begin("a", "w1-1"), handled("a", "w1-1")];
    expect(found(ledger(...published, ...inOrder))).toEqual([]);
    const overtaken = [begin("a"), begin("b", "w1-1"), handled("b", "w1-1"), handled("a")];
    const entries = ledger(...published, ...overtaken);
    expect(found(entries)).toEqual([["out of order", "b"]]);
    expect(audit(entries).findings[0]?.than).toBe("a");
  });

  test("finds a dead letter that no handler asked for", () => {
    const dead: readonly [string, Event] = ["w0-1", { is: "dead", id: "a", code: "rejected" }];
    const published = [attempt("a"), accepted("a"), begin("a")];
    expect(found(ledger(...published, dead, handled("a")))).toEqual([["dead without a cause", "a"]]);
    const asked: readonly [string, Event] = ["w0-1", { is: "threw", id: "a", what: "dead-letter" }];
    expect(audit(ledger(...published, asked, dead, handled("a")))).toMatchObject({
      findings: [],
      counts: { redriven: 1 },
    });
  });

  test("finds a process that ended by itself, and what one left open", () => {
    expect(found(ledger(["chaos", { is: "exit", of: "w0-1", code: "1", told: false }]))).toEqual([
      ["died by itself", undefined],
    ]);
    const after = { ...NOTHING, descriptors: 21, active: { Timeout: 1 } };
    const { findings } = audit(ledger(["w0-1", { is: "stopped", before: NOTHING, after }]));
    expect(findings).toMatchObject([{ what: "left open", why: expect.stringContaining("Timeout 0 -> 1") }]);
    const grown = { ...NOTHING, heapBytes: 1e9 };
    expect(found(ledger(["w0-1", { is: "stopped", before: NOTHING, after: grown }]))).toEqual([
      ["left open", undefined],
    ]);
  });

  test("calls a fault that nobody felt toothless", () => {
    const idle = ledger(fault("kill-worker", "w0-1", "begins"), fault("kill-worker", "w0-1", "ends"));
    expect(found(idle, { kinds: ["kill-worker"] })).toEqual([["toothless", undefined]]);
    const busy = ledger(
      attempt("a"),
      accepted("a"),
      begin("a"),
      fault("kill-worker", "w0-1", "begins"),
      fault("kill-worker", "w0-1", "ends"),
      begin("a", "w1-1"),
      handled("a", "w1-1"),
    );
    expect(audit(busy, { kinds: ["kill-worker"] })).toMatchObject({
      findings: [],
      faults: { "kill-worker": { struck: 1, shown: 1 } },
    });
    expect(story(busy, "a").split("\n")).toHaveLength(busy.length);
  });
});

describe("the schedule of a chaos run", () => {
  const cast = { publishers: ["p0", "p1"], workers: ["w0", "w1", "w2"] };
  const first = (seed: number) => drawn(schedule(seed, cast), 3 * faultKinds.length);

  test("is the seed's alone", () => {
    expect(first(7)).toEqual(first(7));
    expect(first(7)).not.toEqual(first(8));
  });

  test("has every kind once in each round, and never ends the first of a role", () => {
    const faults = first(7);
    for (let at = 0; at < faults.length; at += faultKinds.length)
      expect(new Set(faults.slice(at, at + faultKinds.length).map(({ kind }) => kind)).size).toBe(faultKinds.length);
    const ends = faults.filter(({ kind }) => kind.startsWith("kill") || kind === "roll");
    expect(ends.flatMap(({ on }) => on)).not.toEqual(expect.arrayContaining(["p0"]));
    expect(ends.flatMap(({ on }) => on)).not.toEqual(expect.arrayContaining(["w0"]));
  });
});
