import { channel, explain, MessagingError } from "@switchyard/core";
import { expect, test } from "vitest";
import { z } from "zod";
import { differences } from "./differences.ts";
import { examine } from "./examine.ts";
import { tails } from "./tails.ts";

const orders = channel("orders", { messages: { placed: z.object({ n: z.int() }) } });
const options: any = {
  channels: [orders],
  config: { channels: { orders: { model: "queue", on: "memory", groups: { billing: {} } } } },
  env: {},
};

/** Examines a service whose broker answers so. */
const found = async (answers: object) => {
  const asked: any = {
    depth: async () => [],
    deadLetters: () => ({ count: async () => ({ ready: 0 }) }),
    sweepTails: async () => [],
    health: () => ({ connections: { memory: { state: "up" } } }),
    ...answers,
  };
  const all = await examine({ options, explain: () => explain(options), connected: (run) => run(asked) });
  // What `apply` has not made yet in this test's memory.
  return all.filter(({ status, check }) => status !== "ok" && check !== "topology");
};
const denied = new MessagingError("access-denied", "may not", { kind: "auth" });

test("a healthy service has nothing but what is well", async () => {
  expect(await found({})).toEqual([]);
});

test("rights: what may not be asked for is a failure, and what the transport cannot tell is not", async () => {
  expect(await found({ depth: () => Promise.reject(denied) })).toEqual([
    { check: "rights", status: "failure", text: "access-denied: may not" },
  ]);
  const count = () => Promise.reject(denied);
  expect(await found({ deadLetters: () => ({ count }) })).toEqual([
    { check: "dead letters", status: "failure", text: "access-denied: may not" },
  ]);
  const unknown = new MessagingError("depth-unsupported", "no", { kind: "config" });
  expect(await found({ depth: () => Promise.reject(unknown) })).toEqual([]);
});

test("of a group whose broker does not answer, nothing more is asked", async () => {
  const gone = new MessagingError("unreachable", "no host", { kind: "retryable" });
  const deadLetters = () => expect.unreachable("it would be waited for again");
  expect(await found({ depth: () => Promise.reject(gone), deadLetters })).toEqual([
    { check: "connection", status: "failure", text: "unreachable: no host" },
  ]);
});

test("dead letters and a connection that is not up are warnings; one that cannot be made is a failure", async () => {
  expect(
    await found({
      deadLetters: () => ({ count: async () => ({ ready: 7 }) }),
      health: () => ({ connections: { memory: { state: "down" } } }),
    }),
  ).toEqual([
    {
      ...{ check: "dead letters", status: "warning" },
      text: "orders/billing has 7 dead letters; see why: switchyard dead group orders billing",
    },
    { check: "health", status: "warning", text: '"memory" is down' },
  ]);
  const connected = () => Promise.reject(new MessagingError("unreachable", "no host", { kind: "retryable" }));
  const all = await examine({ options, explain: () => explain(options), connected });
  expect(all.at(-1)).toEqual({ check: "connection", status: "failure", text: "unreachable: no host" });
});

test("topology: what is missing is a failure, what differs a warning, each with what changes it", () => {
  const change = (action: string, summary: string) => ({ action, resource: "queue", name: "q", summary }) as never;
  const of = (...its: never[]) => differences({ on: its });
  expect(of()).toEqual([{ check: "topology", status: "ok", text: "the brokers have what is needed" }]);
  expect(
    of(
      change("create", "is missing"),
      change("update", "of 4d"),
      change("destructive", "is FIFO"),
      change("drift", "x"),
    ),
  ).toEqual([
    { check: "topology", status: "failure", text: "on: queue q: is missing; make it with: switchyard apply" },
    { check: "topology", status: "warning", text: "on: queue q: of 4d; change it with: switchyard apply" },
    {
      ...{ check: "topology", status: "warning" },
      text: "on: queue q: is FIFO; change it with: switchyard apply --destructive, once nothing there is needed any more",
    },
    { check: "topology", status: "warning", text: "on: queue q: x; it was changed by hand; nothing changes it back" },
  ]);
});

test("topology: what the service makes at its start is well, and what it refuses to start on is a failure", () => {
  const change = (action: string) => ({ action, resource: "queue", name: "q", summary: "x" }) as never;
  const all = ["create", "update", "destructive", "drift"].map(change);
  const of = (provision: "auto" | "verify") =>
    differences({ on: all }, { on: { provision } }).map(({ status }) => status);
  expect(of("auto")).toEqual(["ok", "ok", "failure", "warning"]);
  expect(of("verify")).toEqual(["failure", "failure", "failure", "warning"]);
  expect(differences({ on: [change("create")] }, { on: { provision: "auto" } })[0]!.text).toBe(
    "on: queue q: x; the service makes it at its start (provision: auto)",
  );
});

test("what the service makes at its start is not missed among rights and dead letters", async () => {
  const missing = new MessagingError("queue-not-found", "not there", { kind: "config" });
  const count = () => Promise.reject(missing);
  expect(await found({ depth: () => Promise.reject(missing), deadLetters: () => ({ count }) })).toEqual([]);
});

test("lambda: a mapping that is missing, or that loses messages, is a failure; one that differs is a warning; no advice to apply", () => {
  const change = (action: string, summary: string) =>
    ({ action, resource: "event source mapping", name: "billing", summary }) as never;
  const missing = change("drift", "is missing: make it with your deployment tool, as in the detail");
  const lost = change("destructive", "ReportBatchItemFailures is not set");
  const other = change("drift", "BatchSize is 5, native.lambda.batchSize says 10");
  const all = differences({ on: [missing, lost, other] });
  expect(all.map(({ check, status }) => `${check} ${status}`)).toEqual([
    ...["lambda failure", "lambda failure", "lambda warning"],
  ]);
  for (const { text } of all) {
    expect(text).toMatch(/change it with the tool that deploys the function$/);
    expect(text).not.toContain("switchyard apply");
  }
});

test("tails: one that watches is well, one that has expired is a failure until it is swept", async () => {
  const news = channel("news", { messages: { told: z.object({ n: z.int() }) } });
  const explained: any = { channels: { news: { model: "pubsub" } } };
  const of = (left: object, remove = false) =>
    tails(async () => [{ name: "t1", removed: remove, ...left }], explained, [news], remove, 1_000);
  expect(await of({ expiresAt: new Date(2_000) })).toMatchObject([{ check: "tails", status: "ok" }]);
  expect(await of({ expiresAt: new Date(500) })).toEqual([
    {
      ...{ check: "tails", status: "failure" },
      text: "news: t1 was left by a tail that was killed, and gets a copy of every message; remove it with: switchyard doctor --sweep --yes",
    },
  ]);
  expect(await of({}, true)).toEqual([
    { check: "tails", status: "ok", text: "news: t1 was left by a killed tail and is removed" },
  ]);
});
