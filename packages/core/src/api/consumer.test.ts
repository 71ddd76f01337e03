import { describe, expect, test } from "vitest";
import { z } from "zod";
import { channel } from "./channel.ts";
import { batchConsumer, consumer } from "./consumer.ts";
import { middleware } from "./middleware.ts";

const orders = channel("orders", {
  messages: { placed: z.object({ id: z.string() }), cancelled: z.object({ id: z.string() }) },
});
const untyped = consumer as (...all: any[]) => unknown;
const untypedBatch = batchConsumer as (...all: any[]) => unknown;
const all = { "*": "ignore" } as const;

describe("consumer()", () => {
  test("makes a frozen plain value that holds what it was given, and calls nothing", () => {
    const handler = () => expect.unreachable();
    const around = middleware((_delivery, next) => next());
    const made = consumer(
      orders,
      "billing",
      { placed: handler, cancelled: "ignore" },
      { use: [around], concurrency: 3 },
    );
    expect(made).toEqual({
      "~switchyard": "consumer",
      kind: "single",
      channel: orders,
      group: "billing",
      handlers: { placed: handler, cancelled: "ignore" },
      options: { use: [around], concurrency: 3 },
    });
    expect([made, made.handlers, made.options, made.options.use].every(Object.isFrozen)).toBe(true);
  });

  test("a channel made by another copy of core is one", () => {
    expect(consumer({ ...orders }, "billing", all).channel.name).toBe("orders");
  });

  test.each([
    [[{}, "billing", all], "the first argument must be what channel() returned"],
    [[undefined, "billing", all], "the first argument must be what channel() returned"],
    [[orders, "Billing", all], "the group must be kebab-case"],
    [[orders, undefined, all], "the group must be kebab-case"],
    [[orders, "billing"], "handlers must be an object"],
    [[orders, "billing", { placed() {} }], 'not handled: "cancelled"; add it, or "*": "ignore"'],
    [
      [orders, "billing", { "*": "ignore", lost() {} }],
      '"lost" is not a message type of the channel; its types are "placed", "cancelled"',
    ],
    [[orders, "billing", { "*": "skip" }], 'the handler of "*" must be a function or "ignore"'],
    [[orders, "billing", all, { concurency: 1 }], 'unknown option "concurency"'],
    [[orders, "billing", all, { batch: { size: 1 } }], 'unknown option "batch"'],
    [[orders, "billing", all, { concurrency: 0 }], "concurrency must be a whole number from 1"],
    [[orders, "billing", all, { maxInFlight: 1.5 }], "maxInFlight must be a whole number from 1"],
    [[orders, "billing", all, { concurrency: 9, maxInFlight: 3 }], "maxInFlight is 3 and concurrency is 9"],
    [[orders, "billing", all, { use: [() => {}] }], "every entry of use must be what middleware() returned"],
  ])("refuses %j: %s", (args, why) => {
    expect(() => untyped(...args)).toThrow(
      expect.objectContaining({ code: "bad-consumer", kind: "config", message: expect.stringContaining(why) }),
    );
  });

  test("the error says which consumer", () => {
    expect(() => untyped(orders, "billing", {})).toThrow(
      'consumer of group "billing" on "orders": not handled: "placed", "cancelled"',
    );
  });
});

describe("batchConsumer()", () => {
  test("makes a frozen plain value", () => {
    const handler = () => expect.unreachable();
    const made = batchConsumer(orders, "analytics", handler, { batch: { size: 500, wait: "2s" } });
    expect(made).toEqual({
      "~switchyard": "consumer",
      kind: "batch",
      channel: orders,
      group: "analytics",
      handlers: {},
      handler,
      options: { batch: { size: 500, wait: "2s" } },
    });
    expect([made, made.options, made.options.batch].every(Object.isFrozen)).toBe(true);
  });

  test.each([
    [[orders, "analytics"], "the handler must be a function of the batch"],
    [[orders, "analytics", { "*": "ignore" }], "the handler must be a function of the batch"],
    [[orders, "analytics", () => {}, { discard: true }], 'unknown option "discard"'],
    [[orders, "analytics", () => {}, { batch: { max: 5 } }], 'unknown option "max" of batch; allowed: "size", "wait"'],
    [[orders, "analytics", () => {}, { batch: { size: 0 } }], "batch.size must be a whole number from 1"],
    [[orders, "analytics", () => {}, { batch: { wait: "soon" } }], 'batch.wait: "soon" is not a duration'],
  ])("refuses %j: %s", (args, why) => {
    expect(() => untypedBatch(...args)).toThrow(why);
  });
});

test("middleware() makes a frozen plain value of a function, and refuses anything else", () => {
  const run = () => expect.unreachable();
  const made = middleware(run);
  expect(made).toEqual({ "~switchyard": "middleware", run });
  expect(Object.isFrozen(made)).toBe(true);
  expect(() => middleware(undefined as never)).toThrow(
    expect.objectContaining({ code: "bad-middleware", kind: "config" }),
  );
});
