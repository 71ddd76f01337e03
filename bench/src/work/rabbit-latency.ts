import type { Sample, Work } from "../measured.ts";
import * as peers from "./rabbit-peers.ts";
import { Keeper, urlOf } from "./rabbit-queue.ts";
import { atOnce } from "./server.ts";

/** Publish to handler, microseconds; the next is published when the broker has confirmed this one and its handler has run. */
const oneInFlight =
  (open: peers.Open, counts: Counts): Work =>
  async (options) => {
    const count = options.quick ? counts.quick : counts.full;
    const url = urlOf("rabbit", options);
    const keeper = await Keeper.open(url);
    const { queue, publish, consume, close } = await open(url, keeper);
    let handled = (): void => {};
    const stop = await consume(() => handled());
    const warm = new Promise<void>((resolve) => {
      let left = counts.warm;
      handled = () => {
        if (--left === 0) resolve();
      };
    });
    await atOnce(100, counts.warm, publish);
    await warm;
    const one = async (index: number): Promise<number> => {
      const from = performance.now();
      const arrived = new Promise<number>((resolve) => {
        handled = () => resolve((performance.now() - from) * 1_000);
      });
      await publish(index);
      return arrived;
    };
    return {
      round: async () => {
        const took: number[] = [];
        const cpu = process.cpuUsage();
        for (let i = 0; i < count; i++) took.push(await one(i));
        const { user, system } = process.cpuUsage(cpu);
        return { ...percentiles(took), cpu: (user + system) / count };
      },
      close: async () => {
        await stop();
        await close();
        await keeper.close(queue);
      },
    };
  };

function percentiles(values: readonly number[]): Sample {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] as number;
  return { p50: at(0.5), p99: at(0.99) };
}

interface Counts {
  readonly full: number;
  readonly quick: number;
  /** Sent first, a hundred in flight: one by one it takes 15,000 until the compilers have seen it all. */
  readonly warm: number;
}

const MANY: Counts = { full: 1_500, quick: 1_000, warm: 30_000 };
/** With Nagle's algorithm a message takes 40 ms. */
const FEW: Counts = { full: 100, quick: 40, warm: 2_000 };

export const ours = oneInFlight(peers.ours, MANY);
export const raw = oneInFlight(peers.raw, MANY);
export const manager = oneInFlight(peers.manager, FEW);
export const rascal = oneInFlight(peers.rascal, FEW);
