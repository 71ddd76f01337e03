import type { Telemetry } from "@switchyard/core";
import { timed, type Work } from "../measured.ts";
import type { ByHand } from "./by-hand.ts";
import * as peers from "./rabbit-peers.ts";
import { atOnce, type Broker, Keeper, urlOf } from "./rabbit-queue.ts";

const IN_FLIGHT = 500;
const COUNTS = { full: 10_000, quick: 10_000 };
const FEW = { full: 2_000, quick: 1_000 };

/** Every message of a round must be in the queue at its end. `confirmed: false`: the round is over when it is. */
const publishes =
  (open: peers.Open, broker: Broker, { confirmed = true, count = COUNTS } = {}): Work =>
  async (options) => {
    const messages = options.quick ? count.quick : count.full;
    const url = urlOf(broker, options);
    const keeper = await Keeper.open(url);
    const { queue, publish, close } = await open(url, keeper);
    return {
      round: async () => {
        const sample = await timed(messages, async () => {
          await atOnce(IN_FLIGHT, messages, publish);
          if (!confirmed) await keeper.until(queue, messages);
        });
        await keeper.until(queue, messages);
        await keeper.purge(queue);
        return sample;
      },
      close: async () => {
        await close();
        await keeper.close(queue);
      },
    };
  };

export const oursWith = (telemetry: Telemetry): Work => publishes(peers.oursWith(telemetry), "rabbit");
export const ours = publishes(peers.ours, "rabbit");
export const raw = publishes(peers.raw, "rabbit");
export const rawBy = (hand: ByHand): Work => publishes(peers.rawBy(hand), "rabbit");
export const rawEvents = publishes(peers.rawEvents, "rabbit");
export const rascal = publishes(peers.rascal, "rabbit", { count: FEW });
export const manager = publishes(peers.manager, "rabbit");
export const toolkit = publishes(peers.toolkit, "rabbit", { confirmed: false });
export const oursNull = publishes(peers.ours, "null-amqp");
export const rawNull = publishes(peers.raw, "null-amqp");
export const rawEventsNull = publishes(peers.rawEvents, "null-amqp");
export const rascalNull = publishes(peers.rascal, "null-amqp", { count: FEW });
export const managerNull = publishes(peers.manager, "null-amqp");
export const toolkitNull = publishes(peers.toolkit, "null-amqp", { confirmed: false });
