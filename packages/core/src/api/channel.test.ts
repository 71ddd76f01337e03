import { describe, expect, test } from "vitest";
import { z } from "zod";
import { channel } from "./channel.ts";
import { isMessagingError } from "./errors.ts";

const one = z.object({ id: z.string() });
/** As JavaScript would call it. */
const untyped = channel as (name: any, options: any) => unknown;

describe("channel()", () => {
  test("makes a frozen plain object with a string brand", () => {
    const made = channel("orders", { messages: { one }, orderingKey: "id", needs: { delay: "15m" }, foreign: "one" });
    expect(made).toEqual({
      "~switchyard": "channel",
      name: "orders",
      messages: { one },
      orderingKey: "id",
      needs: { delay: "15m" },
      foreign: "one",
    });
    expect([made, made.messages, made.needs].every(Object.isFrozen)).toBe(true);
    expect(Object.getPrototypeOf(made)).toBe(Object.prototype);
  });

  test("leaves out what was not given", () => {
    expect(Object.keys(channel("plain", { messages: { one } }))).toEqual(["~switchyard", "name", "messages", "needs"]);
  });

  test("later changes to what it was given do not reach it", () => {
    const messages = { one };
    const made = channel("orders", { messages });
    Object.assign(messages, { two: one });
    expect(Object.keys(made.messages)).toEqual(["one"]);
  });

  test("takes any Standard Schema, one that is a function too", () => {
    const callable = Object.assign(() => {}, { "~standard": one["~standard"] });
    const made = channel("mixed", { messages: { a: one, b: callable } });
    expect(made.messages.b).toBe(callable);
  });

  test.each([
    ["", { messages: { one } }, "kebab-case"],
    ["Orders", { messages: { one } }, "kebab-case"],
    ["my_orders", { messages: { one } }, "kebab-case"],
    ["orders-", { messages: { one } }, "kebab-case"],
    [7, { messages: { one } }, "kebab-case"],
    ["c", undefined, "at least one type"],
    ["c", {}, "at least one type"],
    ["c", { messages: {} }, "at least one type"],
    ["c", { messages: { one: { parse() {} } } }, 'schema of "one" is not a Standard Schema'],
    ["c", { messages: { one: null } }, "not a Standard Schema"],
    ["c", { messages: { "*": one } }, '"*" cannot be a message type'],
    ["c", { messages: { "a b": one } }, "cannot be a message type"],
    ["c", { messages: { ["t".repeat(201)]: one } }, "at most 200"],
    [
      "c",
      { messages: { one }, orderingkey: "id" },
      'unknown option "orderingkey"; allowed: "messages", "orderingKey", "needs", "foreign"',
    ],
    ["c", { messages: { one }, orderingKey: 3 }, "orderingKey must be"],
    ["c", { messages: { one }, orderingKey: "" }, "orderingKey must be"],
    [
      "c",
      { messages: { one }, orderingKey: "customer" },
      'orderingKey "customer" is not a field of "one", which has "id"',
    ],
    ["c", { messages: { one }, foreign: "two" }, 'foreign must name one of the channel\'s messages ("one")'],
    ["c", { messages: { one }, foreign: "toString" }, "foreign must name"],
    ["c", { messages: { one }, needs: true }, "needs must be an object"],
    [
      "c",
      { messages: { one }, needs: { deley: "5m" } },
      'unknown need "deley"; allowed: "delay", "fairness", "replay", "messageBytes"',
    ],
    ["c", { messages: { one }, needs: { fairness: "yes" } }, "needs.fairness must be true"],
    ["c", { messages: { one }, needs: { messageBytes: 1.5 } }, "needs.messageBytes"],
  ])("refuses %j with %j", (name, options, why) => {
    let error: unknown;
    try {
      untyped(name, options);
    } catch (thrown) {
      error = thrown;
    }
    expect(isMessagingError(error, "bad-channel")).toBe(true);
    expect(error).toMatchObject({ kind: "config", message: expect.stringContaining(why) });
  });

  test.each([
    ["other fields are allowed", z.looseObject({ id: z.string() })],
    ["it is a union", z.union([z.object({ customer: z.string() }), z.object({ customer: z.string(), more: z.int() })])],
    ["it has no JSON Schema", { "~standard": { version: 1, vendor: "test", validate: () => ({ value: 1 }) } }],
    ["its JSON Schema cannot be made", z.instanceof(Uint8Array)],
  ])("an ordering key is not looked for where %s", (_why, schema) => {
    expect(untyped("c", { messages: { schema }, orderingKey: "customer" })).toMatchObject({ orderingKey: "customer" });
  });

  test("a bad delay names where it stands", () => {
    expect(() => untyped("c", { messages: { one }, needs: { delay: "5 minutes" } })).toThrow(
      'channel "c": needs.delay: "5 minutes" is not a duration',
    );
  });
});
