/** A test as a project in CommonJS compiles it to. */
const { expect, test } = require("@jest/globals");
const { channel } = require("@switchyard/core");
const { testbed } = require("@switchyard/memory/testing");
const { z } = require("zod");

test("a required channel and a testbed", async () => {
  const orders = channel("orders", { messages: { placed: z.object({ id: z.string() }) } });
  await using bed = await testbed({ channels: [orders] });
  await bed.messaging.publish(orders, "placed", { id: "o-1" });
  expect(bed.published(orders)).toHaveLength(1);
});
