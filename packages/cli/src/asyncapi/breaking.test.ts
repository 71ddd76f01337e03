import type { AnyChannel, Explanation } from "@switchyard/core";
import { channel } from "@switchyard/core";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { breaking } from "./breaking.ts";
import { asyncapi } from "./document.ts";

/** The document of a service whose one channel has these messages. */
function documentOf(messages: Record<string, z.ZodType>, address = "dev_orders") {
  const orders = channel("orders", { messages } as never) as unknown as AnyChannel;
  const of = { model: "queue", transport: "sqs", connection: "aws", form: "standard", address, needs: [], groups: {} };
  const explanation = {
    service: "shop",
    profile: null,
    sources: [],
    channels: { orders: of },
  } as unknown as Explanation;
  return asyncapi({ explanation, channels: [orders] });
}

const before = z.object({ id: z.string(), cents: z.int().min(0), tone: z.enum(["kind", "curt"]).optional() });
const found = (now: z.ZodType) =>
  breaking(documentOf({ placed: before }), documentOf({ placed: now })).map(
    ({ path, breaks, text }) => `${path} ${breaks}: ${text}`,
  );

describe("breaking()", () => {
  test("finds nothing in an equal document, in a new type, in a new optional field", () => {
    expect(found(before)).toEqual([]);
    const more = documentOf({ placed: before, cancelled: z.object({ id: z.string() }) });
    expect(breaking(documentOf({ placed: before }), more)).toEqual([]);
    expect(found(before.extend({ note: z.string().optional() }))).toEqual([]);
  });

  test.each([
    ["a new required field", before.extend({ at: z.string() }), ["orders/placed.at publishers: it is required now"]],
    [
      "a field that may be absent now",
      before.partial({ id: true }),
      ["orders/placed.id consumers: it was required and is not any more"],
    ],
    [
      "another type",
      before.extend({ id: z.number() }),
      [expect.stringContaining("may not be string"), expect.stringContaining("may be number")],
    ],
    [
      "a narrower range",
      before.extend({ cents: z.int().min(1) }),
      ["orders/placed.cents publishers: minimum was 0 and is 1"],
    ],
    [
      "a value less",
      before.extend({ tone: z.enum(["kind"]).optional() }),
      [expect.stringContaining('may not be "curt"')],
    ],
    [
      "a value more",
      before.extend({ tone: z.enum(["kind", "curt", "odd"]).optional() }),
      ['orders/placed.tone consumers: it may be "odd" now'],
    ],
    [
      "unknown fields refused",
      z.strictObject(before.shape),
      [expect.stringContaining("unknown fields are refused now")],
    ],
    ["a pattern", before.extend({ id: z.string().regex(/^o/) }), [expect.stringContaining("pattern was free")]],
  ])("finds %s", (_, now, expected) => {
    expect(found(now)).toEqual(expected);
  });

  test("a wider union is a change for consumers alone, a narrower one for publishers", () => {
    const one = documentOf({ placed: z.object({ by: z.union([z.string(), z.int()]) }) });
    const less = documentOf({ placed: z.object({ by: z.union([z.string(), z.boolean()]) }) });
    expect(breaking(one, less)).toContainEqual(
      expect.objectContaining({ path: "orders/placed.by", breaks: "publishers" }),
    );
    const wider = documentOf({ placed: z.object({ by: z.union([z.string(), z.number(), z.boolean()]) }) });
    expect(breaking(one, wider).filter(({ breaks }) => breaks === "publishers")).toEqual([]);
  });

  test("a channel, a type and an address that are gone", () => {
    const old = documentOf({ placed: before, cancelled: before });
    expect(breaking(old, documentOf({ placed: before }))).toEqual([
      { path: "orders/cancelled", breaks: "publishers", text: "the type is gone" },
    ]);
    expect(breaking(old, { ...old, channels: {} })).toEqual([
      { path: "orders", breaks: "publishers", text: "the channel is gone" },
    ]);
    expect(breaking(old, documentOf({ placed: before, cancelled: before }, "prod_orders"))).toEqual([
      { path: "orders", breaks: "publishers", text: "the address was dev_orders and is prod_orders" },
    ]);
  });
});
