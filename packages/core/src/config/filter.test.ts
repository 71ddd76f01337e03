/** Which types a group is sent, where its configuration asks for a filter. */
import { describe, expect, it } from "vitest";
import { channel } from "../api/channel.ts";
import { batchConsumer, consumer } from "../api/consumer.ts";
import type { ConsumerShape } from "../api/shapes.ts";
import { base, resolve } from "../fixtures/adapters.ts";
import { z } from "zod";

const any = z.object({});
const nine = channel("orders", { messages: { "order.a": any, "order.b": any, "order.c": any } });

async function types(consumers: readonly unknown[], filter: unknown, of: unknown = nine): Promise<unknown> {
  const orders = { ...base().channels.orders, groups: { billing: { filter } } };
  const config = { ...base(), channels: { ...base().channels, orders } };
  const plan = await resolve(config, { channels: [of as never], consumers: consumers as ConsumerShape[] });
  const { from } = plan.channels["orders"]!.groups["billing"]!;
  return from.foreign === true ? { types: from.types, foreign: true } : from.types;
}
const nothing = () => {};

describe("a group with filter: true", () => {
  it("is sent what it handles, and not what it ignores", async () => {
    const two = consumer(nine, "billing", { "order.b": nothing, "order.a": nothing, "*": "ignore" });
    expect(await types([two], true)).toEqual(["order.a", "order.b"]);
    const named = consumer(nine, "billing", { "order.a": nothing, "order.b": "ignore", "order.c": "ignore" });
    expect(await types([named], true)).toEqual(["order.a"]);
  });

  it("is sent what any of its consumers handles", async () => {
    const one = consumer(nine, "billing", { "order.a": nothing, "*": "ignore" });
    const other = consumer(nine, "billing", { "order.c": nothing, "*": "ignore" });
    expect(await types([one, other], true)).toEqual(["order.a", "order.c"]);
  });

  it("is sent everything where a handler or a batch takes everything", async () => {
    expect(await types([consumer(nine, "billing", { "order.a": "ignore", "*": nothing })], true)).toBeUndefined();
    expect(await types([batchConsumer(nine, "billing", nothing)], true)).toBeUndefined();
  });

  it("is sent everything where nobody knows what it handles", async () => {
    expect(await types([], true)).toBeUndefined();
  });
});

it("tells the driver where untyped messages are wanted beside those types", async () => {
  const open = channel("orders", { messages: { "order.a": any, "order.b": any }, foreign: "order.a" });
  expect(await types([], ["order.b"], open)).toEqual({ types: ["order.b"], foreign: true });
  expect(await types([], ["order.b"])).toEqual(["order.b"]);
});
