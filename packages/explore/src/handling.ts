/** A consumer whose handlers the run watches: who handles what, what each effect belongs to, and how it ended. */
import { type AnyDelivery, type Consumer, middleware } from "@switchyard/core";
import { type Frame, within } from "./context.ts";
import type { RunState } from "./state.ts";
import { thrownBy } from "./story.ts";
import type { Worker } from "./worker.ts";

/** The same consumer, with its handlers watched, and its middleware where each message has its own. */
export function watched(state: RunState, worker: Worker, consumer: Consumer<any>): Consumer<any> {
  const handlers = Object.entries(consumer.handlers).map(([type, handler]) => {
    if (handler === "ignore") return [type, handler] as const;
    const call = (data: unknown, delivery: AnyDelivery) =>
      handle(state, worker, consumer, [delivery], () => (handler as any)(data, delivery));
    return [type, call] as const;
  });
  const { handler } = consumer;
  const { use = [] } = consumer.options;
  const layered = use.length > 0 && handler === undefined;
  if (layered) state.begun ??= new Set();
  const outermost = middleware(async (delivery, next) => {
    await handle(state, worker, consumer, [delivery], next);
  });
  return Object.freeze({
    ...consumer,
    handlers: Object.freeze(Object.fromEntries(handlers)),
    ...(handler === undefined
      ? {}
      : {
          handler: (batch: Batch) => handleBatch(state, worker, consumer, batch, handler as never),
        }),
    ...(layered ? { options: { ...consumer.options, use: [outermost, ...use] } } : {}),
  }) as Consumer<any>;
}

interface Batch extends Iterable<AnyDelivery> {
  fail(delivery: AnyDelivery, error: unknown): void;
}

/** The same for a batch, whose handler says which of its messages have failed. */
function handleBatch(
  state: RunState,
  worker: Worker,
  consumer: Consumer<any>,
  batch: Batch,
  handler: (batch: Batch) => unknown,
): Promise<unknown> {
  const failed = new Set<AnyDelivery>();
  const seen = new Proxy(batch, {
    get: (target, key) => {
      if (key === "fail")
        return (delivery: AnyDelivery, error: unknown) => {
          failed.add(delivery);
          target.fail(delivery, error);
        };
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? (value as (...given: unknown[]) => unknown).bind(target) : value;
    },
  });
  return handle(state, worker, consumer, [...batch], () => handler(seen), failed);
}

async function handle(
  state: RunState,
  worker: Worker,
  consumer: Consumer<any>,
  deliveries: readonly AnyDelivery[],
  act: () => unknown,
  refused?: ReadonlySet<AnyDelivery>,
): Promise<unknown> {
  if (worker.shut) await worker.gate();
  const { group } = consumer;
  const first = deliveries[0]!;
  const { story, ledger, begun } = state;
  if (begun !== undefined) {
    if (begun.has(first)) return act();
    begun.add(first);
  }
  const numbers = deliveries.map(({ id, channel, type, raw }) => {
    const number = story.number(id, channel, type);
    worker.seam.known(raw, number);
    return number;
  });
  const message = numbers[0]!;
  const names = () => numbers.map((number) => story.name(number)).join(", ");
  const course = () => `${first.channel} ${group} ${deliveries.length > 1 ? "batch" : first.type}`;
  const frame = frameOf(state, worker, message, course);
  worker.frames.add(frame);
  story.tell(() => `${worker.name} handles ${names()} (attempt ${first.attempt})`, message);
  ledger.begins(group, deliveries, worker.name, worker.waking);
  // It may throw anything, undefined too.
  let failed: { readonly error: unknown } | undefined;
  let result: unknown;
  try {
    result = await within(frame, act);
  } catch (error) {
    failed = { error };
  }
  if (worker.shut) await worker.gate();
  frame.ended = true;
  worker.frames.delete(frame);
  for (const delivery of deliveries) ledger.left(group, delivery);
  if (failed !== undefined) {
    story.tell(() => `${worker.name}: the handler of ${names()} throws ${thrownBy(failed!.error)}`, message);
    throw failed.error;
  }
  const { running } = frame;
  if (running.length > 0)
    story.tell(
      () =>
        `${worker.name}: the handler of ${names()} returns while ${running.join(", ")} still runs (a missing await?)`,
      message,
    );
  for (const delivery of deliveries) if (refused?.has(delivery) !== true) ledger.handled(group, delivery.id);
  return result;
}

export function frameOf({ courses, learning }: RunState, worker: Worker, message: number, course: () => string): Frame {
  const frame: Frame = {
    process: worker.name,
    message,
    waits: 0,
    running: [],
    last: undefined,
    ended: false,
    now: worker.runtime.now,
    random: worker.runtime.random,
    uuid: worker.runtime.uuid,
    begins: (name) => {
      frame.waits++;
      frame.running.push(name);
    },
    ends: (name) => {
      frame.waits--;
      frame.running.splice(frame.running.indexOf(name), 1);
    },
    perform: (name, args, effect) => {
      if (learning) courses.learn(course(), name);
      return worker.perform(frame, name, args, effect);
    },
  };
  return frame;
}
