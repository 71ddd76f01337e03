/** What a user's test file does with the testing half and with the contract suite, on whatever framework it is given. */
import assert from "node:assert/strict";
import { cases, contract } from "@switchyard/contract";
import { channel, consumer, Retry } from "@switchyard/core";
import { virtualRuntime } from "@switchyard/core/testing";
import { checkHandler, explore } from "@switchyard/explore";
import { adapter } from "@switchyard/memory";
import { deliver, testbed } from "@switchyard/memory/testing";
import { type } from "arktype";

const orders = channel("orders", { messages: { placed: type({ orderId: "string" }) } });

export function suite({ describe, test }) {
  describe("@switchyard/memory/testing", () => {
    test("deliver() tells the verdict", async () => {
      const asking = consumer(orders, "billing", {
        placed: () => {
          throw new Retry({ delay: "1h" });
        },
      });
      const result = await deliver(asking, "placed", { orderId: "o-1" });
      assert.deepEqual([result.verdict, result.delayMs], ["retry", 3_600_000]);
    });

    test("testbed() lets ten minutes of retries take no time", async () => {
      const policy = { retry: { attempts: 3, backoff: "constant", first: "5m" } };
      await using bed = await testbed({ channels: [orders], policy });
      const seen = [];
      bed.messaging.consume(
        consumer(orders, "billing", {
          placed: (_order, { attempt }) => {
            seen.push(attempt);
            throw new Error("no");
          },
        }),
      );
      await bed.messaging.start();
      const { id } = await bed.messaging.publish(orders, "placed", { orderId: "o-1" });
      await bed.clock.advance("10m");
      assert.deepEqual(seen, [1, 2, 3]);
      assert.equal(bed.dead(orders, "billing")[0].id, id);
    });
  });

  describe("@switchyard/explore", () => {
    const world = () => {
      const charges = [];
      return { charges, bank: { charge: (orderId) => void charges.push(orderId) } };
    };
    const billing = ({ bank }) => consumer(orders, "billing", { placed: ({ orderId }) => bank.charge(orderId) });

    test("a double charge is found", async () => {
      const checked = checkHandler(billing, "placed", { orderId: "o-1" }, { effects: world });
      await assert.rejects(checked, /the process dies after bank\.charge/);
      const explored = explore({
        channels: [orders],
        world,
        services: { billing: ({ world }) => billing(world) },
        play: ({ publish }) => publish(orders, "placed", { orderId: "o-1" }),
        never: { "charged twice": ({ charges }) => charges.length > 1 },
      });
      await assert.rejects(explored, /replay: "x1\./);
    });

    test("a real timer is refused", async () => {
      const waiting = consumer(orders, "billing", {
        placed: () => new Promise((resolve) => setTimeout(resolve, 60_000)),
      });
      const checked = checkHandler(waiting, "placed", { orderId: "o-1" });
      await assert.rejects(checked, (error) => error.code === "explore-real-wait");
    });
  });

  const harness = {
    name: "memory queue",
    adapter,
    model: "queue",
    ordered: false,
    connection: (broker) => ({ broker }),
    runtime: () => virtualRuntime({ patienceMs: 10_000 }),
  };
  const few = cases.filter(({ clause }) => clause === "C10" || clause === "C14");
  contract(harness, { describe, test }, few);
}
