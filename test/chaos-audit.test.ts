/** The judge of chaos runs: each class of finding from ledgers written by hand. */
import { describe, expect, test } from "vitest";
import { audit, missing, story } from "./support/chaos/audit.ts";
import type { Books } from "./support/chaos/books.ts";
import type { Entry, Event, Resources } from "./support/chaos/ledger.ts";
import { type Fault, faultKinds, kindsOf, schedule } from "./support/chaos/schedule.ts";
import { transports } from "./support/chaos/transports.ts";

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

  const books = (published: readonly string[], effects: Readonly<Record<string, readonly number[]>> = {}): Books => ({
    published: new Set(published),
    effects: new Map(Object.entries(effects)),
    waiting: 0,
  });
  const stored = (id: string, seq = 0): readonly [string, Event] => [
    "p0-1",
    { is: "attempt", id, seq, via: "outbox", ...(seq > 0 ? { key: "k" } : {}) },
  ];

  test("takes a message through the outbox for accepted if its transaction was committed, whatever its publisher saw", () => {
    const unsure: readonly [string, Event] = ["p0-1", { is: "ambiguous", id: "a", code: "reset" }];
    const entries = ledger(stored("a"), unsure, stored("b"));
    expect(missing(entries, books(["a"]))).toEqual(["a"]);
    expect(found(entries, { books: books(["a"]) })).toEqual([["lost", "a"]]);
    expect(found(entries, { books: books(["b"]) })).toEqual([["lost", "b"]]);
    expect(audit(entries, { books: books(["a"], { a: [50] }) })).toMatchObject({
      findings: [],
      counts: { ambiguous: 1, unanswered: 1, recovered: 1, committed: 1 },
    });
  });

  test("finds what was committed and is not there, and what was not and is", () => {
    expect(found(ledger(stored("a"), accepted("a")), { books: books([]) })).toEqual([["lost", "a"]]);
    const failed = ledger(stored("a"), ["p0-1", { is: "failed", id: "a", code: "reset" }]);
    expect(found(failed, { books: books(["a"], { a: [50] }) })).toEqual([["unexpected", "a"]]);
  });

  test("knows the place in its key of a transaction whose commit was not answered", () => {
    const unsure: readonly [string, Event] = ["p0-1", { is: "ambiguous", id: "a", code: "reset" }];
    const entries = ledger(stored("a", 1), unsure, stored("b", 2), accepted("b"), begin("b"), handled("b"), begin("a"));
    expect(found(entries, { books: books(["a", "b"], { a: [90], b: [55] }) })).toEqual([["out of order", "b"]]);
  });

  test("finds an effect that happened twice, and one that is missing", () => {
    const entries = ledger(attempt("a"), accepted("a"), begin("a"), handled("a"));
    expect(found(entries, { books: books([], { a: [30] }) })).toEqual([]);
    expect(found(entries, { books: books([], { a: [30, 40] }) })).toEqual([["effect twice", "a"]]);
    expect(found(entries, { books: books([]) })).toEqual([["effect lost", "a"]]);
  });

  test("knows from the inbox that a message was handled before its worker, which was stopped, wrote it down", () => {
    const published = [attempt("a", 1), accepted("a"), attempt("b", 2), accepted("b"), begin("a")];
    const skipped: readonly [string, Event] = ["w1-1", { is: "skipped", id: "a" }];
    const entries = ledger(...published, skipped, begin("b", "w1-1"), handled("b", "w1-1"), handled("a"));
    expect(found(entries, { books: books([], { a: [45], b: [65] }) })).toEqual([]);
  });

  test("finds a record that began after a later one in the same tenure, and lets the next tenure begin again", () => {
    const at = (id: string, place: number, token: number): readonly [string, Event] => [
      "w0-1",
      { is: "begin", id, key: "k", seq: 0, attempt: 1, position: `shardId-0:${place}`, token },
    ];
    const published = [attempt("a"), accepted("a"), attempt("b"), accepted("b")];
    const ends = [handled("a"), handled("b")];
    expect(found(ledger(...published, at("a", 9, 1), at("b", 10, 1), at("a", 9, 2), ...ends))).toEqual([]);
    expect(found(ledger(...published, at("b", 10, 1), at("a", 9, 1), ...ends))).toEqual([["out of order", "a"]]);
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

  test("sees the effect of each kind", () => {
    const relay = (id: string, by: string): readonly [string, Event] => [by, { is: "relaying", id }];
    const resend = (kind: string): readonly [string, Event] => ["p0-1", { is: "resend", kind, code: "x" }];
    const record = (shard: string): readonly [string, Event] => [
      "w0-1",
      { is: "begin", id: "a", seq: 0, attempt: 1, position: `${shard}:1`, token: 1 },
    ];
    const cases: readonly (readonly [(typeof faultKinds)[number], string, Entry[], Entry[]])[] = [
      ["kill-relay", "r0-1", ledger(relay("a", "r0-1")), ledger(relay("a", "r1-1"))],
      ["pause-relay", "r0-1", ledger(relay("a", "r0-1")), ledger(relay("a", "r1-1"))],
      ["cut-store", "p0-1", [], ledger(["p0-1", { is: "store-down" }])],
      ["throttle", "p0-1", [], ledger(resend("throttled"))],
      ["server-errors", "p0-1", [], ledger(resend("ambiguous"))],
      ["fail-entries", "p0-1", [], ledger(resend("retryable"))],
      ["lose-replies", "p0-1", [], ledger(resend("ambiguous"))],
      ["reshard", "", ledger(record("shardId-0")), ledger(record("shardId-2"))],
    ];
    for (const [kind, on, before, after] of cases) {
      const later = (entries: Entry[], ms: number) => entries.map((entry) => ({ ...entry, at: entry.at + ms }));
      const strike = ledger(fault(kind, on, "begins"), fault(kind, on, "ends")).map((entry) =>
        on === "" && entry.is === "fault" ? { ...entry, on: [] } : entry,
      );
      const shown = (entries: Entry[]) => audit(entries, { kinds: [kind] }).faults[kind]?.shown;
      expect([kind, shown([...before, ...later(strike, 100), ...later(after, 200)])]).toEqual([kind, 1]);
      expect([kind, shown([...before, ...later(strike, 100)])]).toEqual([kind, 0]);
    }
  });
});

describe("the schedule of a chaos run", () => {
  const cast = { publishers: ["p0", "p1"], workers: ["w0", "w1", "w2"], relays: ["r0", "r1"] };
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
    const ended = new Set(ends.flatMap(({ on }) => on));
    expect([...ended].sort()).toEqual(["p1", "r1", "w1", "w2"]);
  });

  test("has for each transport what it can have", () => {
    expect(kindsOf("rabbit")).toContain("restart");
    expect(kindsOf("rabbit")).not.toContain("throttle");
    expect(kindsOf("sqs")).not.toContain("restart");
    expect(transports.filter((transport) => kindsOf(transport).includes("reshard"))).toEqual(["kinesis"]);
  });
});
