import { batchConsumer, channel, consumer, DeadLetter, middleware, Release, Retry } from "@switchyard/core";
import { expect, test } from "vitest";
import { z } from "zod";
import { deliver } from "./index.ts";

const time = z.codec(z.iso.datetime(), z.date(), {
  decode: (text) => new Date(text),
  encode: (at) => at.toISOString(),
});
const orders = channel("orders", { messages: { placed: z.object({ orderId: z.string(), at: time }) } });
const order = { orderId: "o-1", at: "2026-01-01T00:00:00Z" };
const throwing = (error: unknown) =>
  consumer(orders, "billing", {
    placed: () => {
      throw error;
    },
  });

test("a handler that returns has acknowledged, and saw the schema's output", async () => {
  const seen: unknown[] = [];
  const billing = consumer(orders, "billing", {
    placed: (data, { id, attempt, headers, group }) => seen.push([data.at, id, attempt, headers, group]),
  });
  const result = await deliver(billing, "placed", order, { attempt: 2, id: "m-1", headers: { a: "b" } });
  expect(result).toEqual({ verdict: "ack" });
  expect(seen).toEqual([[new Date(order.at), "m-1", 2, { a: "b" }, "billing"]]);
});

test("what it throws is the verdict", async () => {
  const verdicts = [];
  for (const error of [new Error("x"), new Retry({ delay: "1h" }), new DeadLetter("never"), new Release()]) {
    verdicts.push(await deliver(throwing(error), "placed", order));
  }
  expect(verdicts).toMatchObject([
    { verdict: "retry" },
    { verdict: "retry", delayMs: 3_600_000 },
    { verdict: "deadLetter", reason: "never" },
    { verdict: "release" },
  ]);
});

test("the policy decides over the attempts", async () => {
  const broken = throwing(new TypeError("x"));
  expect((await deliver(broken, "placed", order, { attempt: 4 })).verdict).toBe("retry");
  expect(await deliver(broken, "placed", order, { attempt: 5 })).toMatchObject({
    verdict: "deadLetter",
    code: "attempts-exhausted",
  });
  const strict = {
    retry: { attempts: 9, backoff: "constant", first: "7s", errors: { TypeError: "deadLetter" } },
  } as const;
  expect((await deliver(broken, "placed", order, { policy: strict })).verdict).toBe("deadLetter");
  expect(await deliver(throwing(new Error("x")), "placed", order, { policy: strict })).toMatchObject({
    delayMs: 7_000,
  });
});

test("data that does not fit its schema never reaches the handler", async () => {
  let called = false;
  const billing = consumer(orders, "billing", { placed: () => void (called = true) });
  const result = await deliver(billing, "placed", { orderId: "o-1", at: "yesterday" });
  expect(result).toMatchObject({ verdict: "deadLetter", code: "invalid-message" });
  expect(called).toBe(false);
});

test("middleware runs; a batch handler gets a batch of one", async () => {
  const tenant = middleware(async (_delivery, next) => next({ tenant: "t" }));
  const batches = batchConsumer(
    orders,
    "billing",
    (batch) => {
      for (const one of batch) batch.fail(one, new DeadLetter(`${one.tenant} of ${batch.size}`));
    },
    { use: [tenant] },
  );
  expect(await deliver(batches, "placed", order)).toMatchObject({ verdict: "deadLetter", reason: "t of 1" });
});
