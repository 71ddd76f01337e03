/** Peers within one process. They carry the object itself: nothing is copied, checked, kept or acknowledged. */
import { createRequire } from "node:module";
import Emittery from "emittery";
import fastq from "fastq";
import { Countdown, type Session, timed, type Work, type WorkOptions } from "../measured.ts";
import { message } from "./messages.ts";

const WAVE = 1_000;

const inWaves = (wave: () => Promise<unknown>, { quick }: WorkOptions, waves = quick ? 30 : 100): Session => ({
  round: () =>
    timed(waves * WAVE, async () => {
      for (let i = 0; i < waves; i++) await wave();
    }),
  close: async () => {},
});

/** fastq as its own benchmark has it (its `bench.js`, where it does a million a second): one after the other, done in `setImmediate`. */
export const fastqOwn: Work = async (options) => {
  const queue = fastq((_job: unknown, done: (error: null) => void) => void setImmediate(done, null), 1);
  const wave = () =>
    new Promise<void>((resolve) => {
      let left = WAVE;
      const next = (): void => {
        if (left-- === 0) resolve();
        else queue.push(message(left), next);
      };
      next();
    });
  return inWaves(wave, options);
};

export const fastqPromise: Work = async (options) => {
  const queue = fastq.promise(async (_job: unknown) => {}, 100);
  const wave = () => {
    const all: Promise<unknown>[] = [];
    for (let i = 0; i < WAVE; i++) all.push(queue.push(message(i)));
    return Promise.all(all);
  };
  return inWaves(wave, options);
};

export const mqemitter: Work = async (options) => {
  const require = createRequire(import.meta.url);
  const made = require("mqemitter") as (options: object) => {
    on(topic: string, listener: (message: object, done: () => void) => void): void;
    emit(message: object, done: () => void): void;
  };
  const emitter = made({ concurrency: 100 });
  emitter.on("jobs", (_message, done) => done());
  const wave = () => {
    const handled = new Countdown();
    const all = handled.until(WAVE);
    for (let i = 0; i < WAVE; i++) emitter.emit({ topic: "jobs", ...message(i) }, handled.reached);
    return all;
  };
  return inWaves(wave, options);
};

export const emittery: Work = async (options) => {
  const emitter = new Emittery<{ job: { id: number; text: string } }>();
  emitter.on("job", () => {});
  const wave = () => {
    const all: Promise<unknown>[] = [];
    for (let i = 0; i < WAVE; i++) all.push(emitter.emit("job", message(i)));
    return Promise.all(all);
  };
  return inWaves(wave, options, options.quick ? 10 : 30);
};

export const bus: Work = async () => {
  const { Bus, handlerFor, Logger: _ } = (await import("@node-ts/bus-core")) as unknown as Record<string, any>;
  const { Event } = (await import("@node-ts/bus-messages" as string)) as Record<string, any>;
  class Job extends Event {
    $name = "bench/job";
    $version = 1;
    id = 0;
    text = "";
  }
  const handled = new Countdown();
  const quiet = { debug() {}, trace() {}, info() {}, warn() {}, error() {}, fatal() {} };
  const made = Bus.configure()
    .withHandler(handlerFor(Job, async () => handled.reached()))
    .withConcurrency(100)
    .withLogger(() => quiet)
    .build();
  await made.initialize();
  await made.start();
  const count = 500;
  return {
    round: () =>
      timed(count, async () => {
        const all = handled.until(count);
        for (let i = 0; i < count; i++) await made.publish(Object.assign(new Job(), message(i)));
        await all;
      }),
    close: async () => made.dispose(),
  };
};
