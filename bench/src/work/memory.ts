import { channel, connect, consumer, type Telemetry } from "@switchyard/core";
import { memory } from "@switchyard/memory";
import { Countdown, type Session, timed, type Work, type WorkOptions } from "../measured.ts";
import { anything, jobs, message, silent } from "./messages.ts";

/** So many under way at once, in every in-process row. */
const WAVE = 1_000;
const WAVES = { quick: 30, full: 100 };

const config = (names: readonly string[], concurrency: number) =>
  ({
    prefix: "bench",
    connections: { memory: memory() },
    channels: Object.fromEntries(
      names.map((name) => [name, { model: "queue", on: "memory", groups: { work: { concurrency } } }]),
    ),
  }) as never;

async function waves(count: number, wave: () => Promise<unknown>): Promise<void> {
  for (let i = 0; i < count; i++) await wave();
}

const inWaves = (wave: () => Promise<unknown>, close: () => Promise<void>, { quick }: WorkOptions): Session => {
  const count = quick ? WAVES.quick : WAVES.full;
  return { round: () => timed(count * WAVE, () => waves(count, wave)), close };
};

/** `publish()` until handled, for each message; the same number at once as the peers. */
export const ours: Work = (options) => oursWith(undefined)(options);

export const oursWith =
  (telemetry: Telemetry | undefined): Work =>
  async (options) => {
    const messaging = await connect({
      channels: [jobs],
      service: "bench",
      config: config(["jobs"], 100),
      observe: silent,
      ...(telemetry && { telemetry }),
    });
    const handled = new Countdown();
    messaging.consume(consumer(jobs, "work", { job: handled.reached }));
    await messaging.start();
    const wave = async () => {
      const all = handled.until(WAVE);
      let last: Promise<unknown> | undefined;
      for (let i = 0; i < WAVE; i++) last = messaging.publish(jobs, "job", message(i));
      await last;
      await all;
    };
    return inWaves(wave, async () => void (await messaging.stop()), options);
  };

/** As {@link ours}, with code of the measurement's own around each publish and each handler. */
export const oursBy =
  (
    around: (
      publish: (options: { readonly headers: Record<string, string> }) => Promise<unknown>,
      id: number,
    ) => Promise<unknown>,
    inside: (delivery: Traced, handle: () => void) => void,
  ): Work =>
  async (options) => {
    const messaging = await connect({
      channels: [jobs],
      service: "bench",
      config: config(["jobs"], 100),
      observe: silent,
    });
    const handled = new Countdown();
    messaging.consume(consumer(jobs, "work", { job: (_data, delivery) => inside(delivery, handled.reached) }));
    await messaging.start();
    const wave = async () => {
      const all = handled.until(WAVE);
      let last: Promise<unknown> | undefined;
      for (let i = 0; i < WAVE; i++) last = around((how) => messaging.publish(jobs, "job", message(i), how), i);
      await last;
      await all;
    };
    return inWaves(wave, async () => void (await messaging.stop()), options);
  };

/** The part of a delivery that tracing by hand needs. */
interface Traced {
  readonly id: string;
  readonly traceparent?: string | undefined;
}

/** As {@link ours}, over a thousand channels: each wave in ten of them, a hundred messages each. */
export const thousandChannels: Work = async (options) => {
  const names = Array.from({ length: 1_000 }, (_, i) => `jobs-${i}`);
  const channels = names.map((name) => channel(name as "jobs", { messages: { job: anything } }));
  const messaging = await connect({ channels, service: "bench", config: config(names, 100), observe: silent });
  const handled = new Countdown();
  for (const each of channels) messaging.consume(consumer(each, "work", { job: handled.reached }));
  await messaging.start();
  // Each sender is opened by its first message.
  const opened = handled.until(channels.length);
  for (const each of channels) void messaging.publish(each, "job", message(0));
  await opened;
  let turn = 0;
  const wave = async () => {
    const all = handled.until(WAVE);
    const last: Promise<unknown>[] = [];
    for (let of = 0; of < 10; of++) {
      const busy = channels[turn++ % channels.length] as (typeof channels)[number];
      for (let i = 1; i < WAVE / 10; i++) void messaging.publish(busy, "job", message(i));
      last.push(messaging.publish(busy, "job", message(0)));
    }
    await Promise.all(last);
    await all;
  };
  return inWaves(wave, async () => void (await messaging.stop()), options);
};

/** Publishes a backlog, then handles it; the rate is the handling's. */
const drain =
  (size: number): Work =>
  async () => ({
    round: async () => {
      const messaging = await connect({
        channels: [jobs],
        service: "bench",
        config: config(["jobs"], 100),
        observe: silent,
      });
      for (let from = 0; from < size; from += WAVE) {
        let last: Promise<unknown> | undefined;
        for (let i = 0; i < WAVE; i++) last = messaging.publish(jobs, "job", message(i));
        await last;
      }
      const handled = new Countdown();
      messaging.consume(consumer(jobs, "work", { job: handled.reached }));
      const all = handled.until(size);
      const sample = await timed(size, async () => {
        await messaging.start();
        await all;
      });
      await messaging.stop();
      return sample;
    },
    close: async () => {},
  });

export const backlogThousand: Work = async (options) => {
  // So short that one is only noise: many, and their mean.
  const one = await drain(1_000)(options);
  return {
    round: async () => {
      const rates: number[] = [];
      for (let i = 0; i < 50; i++) rates.push((await one.round())["rate"] as number);
      return { rate: rates.length / rates.reduce((sum, rate) => sum + 1 / rate, 0) };
    },
    close: one.close,
  };
};
export const backlogMillion: Work = (options) => drain(options.quick ? 300_000 : 1_000_000)(options);

/** Heap for each message that waits, over the text of its body. */
export const held: Work = async () => ({
  round: async () => {
    const count = 50_000;
    const messaging = await connect({
      channels: [jobs],
      service: "bench",
      config: config(["jobs"], 100),
      observe: silent,
    });
    await messaging.publish(jobs, "job", message(0));
    // Text of its own for each, in one piece: parts that messages share would not be counted.
    const made = (i: number) => ({ id: i, text: Buffer.from(String(i).padStart(1_000, "x")).toString("latin1") });
    const before = heap();
    for (let from = 0; from < count; from += WAVE) {
      let last: Promise<unknown> | undefined;
      for (let i = 0; i < WAVE; i++) last = messaging.publish(jobs, "job", made(from + i));
      await last;
    }
    const bytes = (heap() - before) / count - JSON.stringify(made(count)).length;
    await messaging.stop();
    return { bytes };
  },
  close: async () => {},
});

function heap(): number {
  for (let i = 0; i < 3; i++) (globalThis as unknown as { gc(): void }).gc();
  return process.memoryUsage().heapUsed;
}

/** 1,000 consumers that have nothing to do: the part of a core they use, in percent, and memory for each. */
export const idle: Work = async (options) => {
  const names = Array.from({ length: 1_000 }, (_, i) => `jobs-${i}`);
  const channels = names.map((name) => channel(name as "jobs", { messages: { job: anything } }));
  const before = heap();
  const messaging = await connect({ channels, service: "bench", config: config(names, 10), observe: silent });
  for (const each of channels) messaging.consume(consumer(each, "work", { job: silent }));
  await messaging.start();
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const kilobytes = (heap() - before) / 1_000 / 1_024;
  return {
    round: async () => {
      const ms = options.quick ? 3_000 : 10_000;
      const cpu = process.cpuUsage();
      await new Promise((resolve) => setTimeout(resolve, ms));
      const { user, system } = process.cpuUsage(cpu);
      return { percent: (user + system) / ms / 10, kilobytes };
    },
    close: async () => void (await messaging.stop()),
  };
};
