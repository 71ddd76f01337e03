import { expect, test } from "vitest";
import { base, orders, resolve, uploads } from "../fixtures/adapters.ts";
import { channelOf, groupOf } from "./find-plan.ts";

const resolved = () => resolve(base(), { channels: [orders, uploads] });

// "constructor" is a name that every object answers to.
test.each(["constructor", "parcels"])("a channel %s that is not connected is refused by name", async (name) => {
  const plan = await resolved();
  expect(() => channelOf(plan, name, "billing")).toThrow(
    expect.objectContaining({ code: "unknown-channel", channel: name, group: "billing" }),
  );
});

test("a group that is not listed is refused by name, with the one that may be meant", async () => {
  const channel = channelOf(await resolved(), "orders");
  expect(groupOf(channel, "billing").group).toBe("billing");
  expect(() => groupOf(channel, "constructor")).toThrow(
    expect.objectContaining({ code: "unlisted-group", channel: "orders", group: "constructor" }),
  );
  expect(() => groupOf(channel, "biling")).toThrow('did you mean "billing"?');
});
