import type { Telemetry } from "@switchyard/core";
import type { Sample, Work } from "../measured.ts";
import type { ByHand } from "./by-hand.ts";
import * as peers from "./rabbit-peers.ts";
import { atOnce, type Broker, Keeper, urlOf } from "./rabbit-queue.ts";

/** From the first message handled to the last; none of them may come back when its consumer is gone. */
const consumes =
  (open: peers.Open, broker: Broker): Work =>
  async (options) => {
    const count = options.quick ? 10_000 : 20_000;
    const url = urlOf(broker, options);
    const keeper = await Keeper.open(url);
    const { queue, publish, fill, consume, close } = await open(url, keeper);
    const put = broker === "rabbit" ? (fill ?? publish) : publish;
    return {
      round: async () => {
        await atOnce(500, count, put);
        await keeper.until(queue, count);
        const stretch = new Stretch(count);
        const stop = await consume(stretch.handle);
        const sample = await stretch.over;
        // A quorum queue loses acknowledgements that are under way when the channel closes, whoever sent them.
        await new Promise((resolve) => setTimeout(resolve, 300));
        await stop();
        await keeper.until(queue, 0, 3_000);
        return sample;
      },
      close: async () => {
        await close();
        await keeper.close(queue);
      },
    };
  };

class Stretch {
  readonly over: Promise<Sample>;
  readonly #count: number;
  #end!: (sample: Sample) => void;
  #handled = 0;
  #from = 0;
  #cpu: NodeJS.CpuUsage | undefined;

  constructor(count: number) {
    this.#count = count;
    this.over = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  readonly handle = (): void => {
    if (++this.#handled === 1) {
      this.#from = performance.now();
      this.#cpu = process.cpuUsage();
    }
    if (this.#handled !== this.#count) return;
    const seconds = (performance.now() - this.#from) / 1_000;
    const { user, system } = process.cpuUsage(this.#cpu);
    const after = this.#count - 1;
    this.#end({ rate: after / seconds, cpu: (user + system) / after });
  };
}

export const oursWith = (telemetry: Telemetry): Work => consumes(peers.oursWith(telemetry), "rabbit");
export const ours = consumes(peers.ours, "rabbit");
export const raw = consumes(peers.raw, "rabbit");
export const rawBy = (hand: ByHand): Work => consumes(peers.rawBy(hand), "rabbit");
export const rascal = consumes(peers.rascal, "rabbit");
export const manager = consumes(peers.manager, "rabbit");
export const toolkit = consumes(peers.toolkit, "rabbit");
export const oursNull = consumes(peers.ours, "null-amqp");
export const rawNull = consumes(peers.raw, "null-amqp");
export const rascalNull = consumes(peers.rascal, "null-amqp");
export const managerNull = consumes(peers.manager, "null-amqp");
export const toolkitNull = consumes(peers.toolkit, "null-amqp");
