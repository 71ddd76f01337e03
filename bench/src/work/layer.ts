/** The portable layer over a transport that costs nothing: microseconds and bytes for each message. */
import { connect, consumer } from "@switchyard/core";
import type { Sample, Work } from "../measured.ts";
import { NullBroker, nullAdapter } from "../servers/null-adapter.ts";
import { fastqOwn } from "./in-process.ts";
import { checkedOrders, order, orders, silent } from "./messages.ts";

const COUNT = 10_000;
/** The middle of as many: a round is short, and the machine is not ours alone. */
const TIMES = 15;

/** Each call is one of so many messages. */
export async function openLayer(of: typeof orders, count: number) {
  const broker = new NullBroker();
  const config = {
    prefix: "bench",
    connections: { none: { use: nullAdapter(broker) } },
    channels: { orders: { model: "queue", on: "none", groups: { work: { concurrency: 100 } } } },
  };
  const messaging = await connect({ channels: [of], service: "bench", config: config as never, observe: silent });
  let left = 0;
  let resolve: () => void = silent;
  const handled = () => {
    if (--left === 0) resolve();
  };
  messaging.consume(consumer(of, "work", { placed: handled }));
  await messaging.start();
  await messaging.publish(of, "placed", order(0));
  return {
    messaging,
    publish: async () => {
      let last: Promise<unknown> | undefined;
      for (let i = 0; i < count; i++) last = messaging.publish(of, "placed", order(i));
      await last;
    },
    consume: async () => {
      const settled = broker.settled + count;
      left = count;
      const all = new Promise<void>((done) => {
        resolve = done;
      });
      broker.give(count);
      await all;
      while (broker.settled < settled) await new Promise((done) => setImmediate(done));
    },
  };
}

const layer =
  (which: "publish" | "consume", of: typeof orders): Work =>
  async () => {
    const opened = await openLayer(of, COUNT);
    const run = opened[which];
    // Until the optimizing compiler has seen it all: what it proves needless is not allocated.
    for (let i = 0; i < 60; i++) await run();
    return {
      round: async () => {
        const times: number[] = [];
        const bytes: number[] = [];
        for (let i = 0; i < TIMES; i++) times.push(await microseconds(run));
        for (let i = 0; i < 5; i++) bytes.push(await allocated(run));
        const middle = (list: number[]) => list.sort((a, b) => a - b)[list.length >> 1] as number;
        const sample: Sample = { microseconds: middle(times), bytes: Math.max(...bytes) };
        return sample;
      },
      close: async () => void (await opened.messaging.stop()),
    };
  };

/** Processor time, not the clock's: of a machine others use too, only that is ours. */
async function microseconds(run: () => Promise<void>): Promise<number> {
  const from = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(from);
  return (user + system) / COUNT;
}

/** The most of a few: a collection in between makes it less, nothing makes it more. With a young generation so large that nothing is collected meanwhile (a flag of its process), what the heap grew by is what was allocated. */
async function allocated(run: () => Promise<void>): Promise<number> {
  const before = process.memoryUsage().heapUsed;
  await run();
  return (process.memoryUsage().heapUsed - before) / COUNT;
}

/** What a microsecond is on this machine now: two processes on one core's two threads take half as long again for the same. */
export const fastq: Work = async (options) => {
  const { round, close } = await fastqOwn({ ...options, quick: false });
  return { round: async () => ({ microseconds: (await round())["cpu"] as number }), close };
};

export const publish: Work = layer("publish", orders);
export const publishChecked: Work = layer("publish", checkedOrders as unknown as typeof orders);
export const consume: Work = layer("consume", orders);
export const consumeChecked: Work = layer("consume", checkedOrders as unknown as typeof orders);
