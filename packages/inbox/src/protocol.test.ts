import { expect, test } from "vitest";
import { type Protocol, search, type Search } from "./fixtures/search.ts";
import { type Entry, step } from "./protocol.ts";

const everything = [
  "a claim is taken over",
  "a duplicate is skipped",
  "a duplicate waits",
  "a forgotten message is claimed",
  "a zombie cannot mark",
  "a zombie cannot release",
];
const narrow = { run: step, workers: 3, messages: 1, until: 4, claims: 4, lostReplies: 1, forgets: 1 } satisfies Search;

test("3 workers, crashes, lost replies, stalls past the claim, marks forgotten: nothing is skipped unhandled, no claim is taken early", () => {
  const found = search({ ...narrow, until: 5, claims: 5 });
  expect(found.broken).toBeUndefined();
  expect([...found.seen].sort()).toEqual(everything);
  expect(found.worlds).toBeGreaterThan(20_000);
}, 120_000);

test("2 messages do not touch each other", () => {
  const found = search({ ...narrow, messages: 2, until: 3, lostReplies: 0, forgets: 0 });
  expect(found.broken).toBeUndefined();
  expect(found.worlds).toBeGreaterThan(5_000);
}, 120_000);

const done: Entry = { state: "done", epoch: 0, until: 1_000 };
/** A protocol with one mistake: `mistake` answers in its place where it returns something. */
const but =
  (mistake: (...of: Parameters<Protocol>) => ReturnType<Protocol> | undefined): Protocol =>
  (...of) =>
    mistake(...of) ?? step(...of);

test.each<[string, Protocol, string]>([
  [
    "a release without its token",
    but((_entry, { ask }) => (ask === "release" ? { entry: undefined, reply: { got: "yes" } } : undefined)),
    "mark is removed",
  ],
  [
    "a mark without its token",
    but((entry, { ask }) =>
      ask === "done" && entry !== undefined
        ? { entry: { ...done, epoch: entry.epoch }, reply: { got: "yes" } }
        : undefined,
    ),
    "marked twice",
  ],
  [
    "a claim that is granted while another is live",
    but((entry, request, now) =>
      request.ask === "claim" && entry?.state === "claimed" ? step(undefined, request, now) : undefined,
    ),
    "live claim is taken",
  ],
  [
    "an expired claim that nobody may take over",
    but((entry, request, now) =>
      request.ask === "claim" && entry?.state === "claimed" && entry.token !== request.token
        ? { entry, reply: { got: "held", leftMs: entry.until - now } }
        : undefined,
    ),
    "never be claimed",
  ],
  [
    "a live claim taken for a mark",
    but((entry, request) =>
      request.ask === "claim" && entry?.state === "claimed" && entry.token !== request.token
        ? { entry, reply: { got: "done" } }
        : undefined,
    ),
    "skipped that nobody has handled",
  ],
  [
    "a failure that marks",
    but((entry, { ask }) =>
      ask === "release" && entry?.state === "claimed"
        ? { entry: { ...done, epoch: entry.epoch }, reply: { got: "yes" } }
        : undefined,
    ),
    "skipped that nobody has handled",
  ],
  [
    "a mark of an earlier epoch that counts",
    but((entry, request) =>
      request.ask === "claim" && entry?.state === "done" ? { entry, reply: { got: "done" } } : undefined,
    ),
    "never be claimed",
  ],
  [
    "a mark that is lifted into the new epoch",
    but((entry, request, now) => {
      const next = step(entry, request, now);
      if (request.ask !== "done" || next.reply.got !== "yes") return undefined;
      return { ...next, entry: { ...done, epoch: 1 } };
    }),
    "skipped that nobody has handled",
  ],
])("the walk finds %s", (_, run, broken) => {
  expect(search({ ...narrow, run }).broken).toContain(broken);
});

test("a mark is forgotten after its window", () => {
  const ask = { ask: "claim", token: "b", epoch: 0, forMs: 10 } as const;
  expect(step(done, ask, 999).reply).toEqual({ got: "done" });
  expect(step(done, ask, 1_000)).toEqual({
    entry: { state: "claimed", epoch: 0, token: "b", until: 1_010 },
    reply: { got: "yes" },
  });
});

test("a holder whose claim has expired still marks the message, unless another has taken it over", () => {
  const mine: Entry = { state: "claimed", epoch: 0, token: "a", until: 10 };
  expect(step(mine, { ask: "done", token: "a", forMs: 100 }, 20)).toEqual({
    entry: { state: "done", epoch: 0, until: 120 },
    reply: { got: "yes" },
  });
  expect(step({ ...mine, token: "b" }, { ask: "done", token: "a", forMs: 100 }, 20).reply).toEqual({ got: "lost" });
});
