import { expect, test } from "vitest";
import { type Row, search, type Search } from "./fixtures/search.ts";
import { begun, step } from "./protocol.ts";

const row = (seq: number, key: string | null): Row => ({ seq: String(seq), channel: "orders", key });
const bounds = { crashes: 1, expiries: 1, lostReplies: 1 };
const everything = [
  "a lease is lost by a relay that lives",
  "a message arrives twice",
  "a settlement is refused",
  "the broker's answer is lost",
  "the database's answer is lost",
  "two relays believe in one lease",
];
const keyed = [row(1, "a"), row(2, "a"), row(3, "a")];
const narrow = { relays: 2, parts: [keyed], poison: new Set<string>(), later: "pass", bounds } satisfies Search;

test("3 relays, 2 partitions, crashes, lost leases, lost replies: nothing is lost, and keys keep their order", () => {
  const parts = [[row(1, "a"), row(2, "a")], [row(4, "c")]];
  const found = search({ relays: 3, parts, poison: new Set(["1"]), later: "pass", bounds });
  expect(found.problem).toBeUndefined();
  expect([...found.seen].sort()).toEqual(everything);
  expect(found.states).toBeGreaterThan(100_000);
}, 120_000);

test("transactions of two keys that commit in any order", () => {
  const found = search({ ...narrow, parts: [[row(1, "a"), row(2, "b"), row(3, "a")]], poison: new Set(["1"]) });
  expect(found.problem).toBeUndefined();
  expect([...found.seen].sort()).toEqual(["a later row is committed first", ...everything].sort());
});

test("a key that waits for its dead row, and two lost leases", () => {
  const found = search({
    ...narrow,
    relays: 3,
    later: "block",
    poison: new Set(["2"]),
    bounds: { ...bounds, expiries: 2 },
  });
  expect(found.problem).toBeUndefined();
  expect([...found.seen].sort()).toEqual(everything);
}, 120_000);

test.each<[string, Partial<Search>, string]>([
  ["what is unsure counts as accepted", { step: unsureIsAccepted }, "is deleted and never arrived"],
  ["a key goes on after a failure", { careless: true }, "arrives before"],
  ["a refused row is deleted without a dead one", { step: forgetsRefused, poison: new Set(["1"]) }, "1 is deleted"],
])("the walk finds it if %s", (_, broken, problem) => {
  expect(search({ ...narrow, later: "pass", ...broken }).problem).toContain(problem);
});

function unsureIsAccepted(...[state, event]: Parameters<typeof step<any>>) {
  return step<any>(
    state,
    event.type === "sent"
      ? { ...event, outcomes: event.outcomes.map((one) => (one === "unsure" ? "accepted" : one)) }
      : event,
  );
}

/** Deletes a row that was refused and keeps no dead one. */
function forgetsRefused(...[state, event]: Parameters<typeof step<any>>) {
  const next = step<any>(state, event);
  if (next.effect.do !== "settle") return next;
  return {
    ...next,
    effect: { ...next.effect, accepted: [...next.effect.accepted, ...next.effect.refused], refused: [] },
  };
}

test("an event that a phase does not wait for changes nothing", () => {
  expect(step(begun, { type: "settled" })).toEqual({ state: begun, effect: { do: "wait", found: false } });
  expect(step({ phase: "over" }, { type: "turn" })).toMatchObject({ effect: { do: "stop" } });
});
