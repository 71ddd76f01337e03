import assert from "node:assert/strict";
import { test } from "node:test";
import { testbed } from "@switchyard/memory/testing";
import { billing } from "./billing.ts";
import { orders } from "./channels.ts";

test("an order is charged, though the bank fails twice", async () => {
  const charged: string[] = [];
  let failures = 2;
  // The broker in memory, this service's own configuration, and a clock that moves when told.
  await using bed = await testbed({ channels: [orders], config: "." });
  bed.messaging.consume(
    billing({
      charge: (orderId) => {
        if (failures-- > 0) throw new Error("the bank is closed");
        charged.push(orderId);
      },
    }),
  );
  await bed.messaging.start();
  await bed.messaging.publish(orders, "order.placed", { orderId: "o-1", cents: 500 });
  await bed.clock.advance("10m");
  assert.deepEqual(charged, ["o-1"]);
  assert.deepEqual(bed.dead(orders, "billing"), []);
});
