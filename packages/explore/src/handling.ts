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
  const { begun } = state;
  if (begun !== undefined) {
    if (begun.has(deliveries[0]!)) return act();
    begun.add(deliveries[0]!);
  }
  const handled = new Handling(state, worker, consumer.group, deliveries);
  handled.begins();
  // It may throw anything, undefined too.
  let failed: { readonly error: unknown } | undefined;
  let result: unknown;
  try {
    result = await within(handled.frame, act);
  } catch (error) {
    failed = { error };
  }
  if (worker.shut) await worker.gate();
  handled.ends(failed, refused);
  if (failed !== undefined) throw failed.error;
  return result;
}

/** One run of a handler, as the story and the ledger are told of it. */
class Handling {
  readonly frame: Frame;
  readonly #state: RunState;
  readonly #worker: Worker;
  readonly #group: string;
  readonly #deliveries: readonly AnyDelivery[];
  readonly #numbers: readonly number[];

  constructor(state: RunState, worker: Worker, group: string, deliveries: readonly AnyDelivery[]) {
    this.#state = state;
    this.#worker = worker;
    this.#group = group;
    this.#deliveries = deliveries;
    this.#numbers = deliveries.map((delivery) => {
      const number = state.story.number(delivery.id, delivery.channel, delivery.type);
      worker.seam.known(delivery.raw, number);
      return number;
    });
    this.frame = frameOf(state, worker, this.#numbers[0]!, this.#course);
  }

  readonly #course = (): string => {
    const { channel, type } = this.#deliveries[0]!;
    return `${channel} ${this.#group} ${this.#deliveries.length > 1 ? "batch" : type}`;
  };

  begins(): void {
    const { story, ledger } = this.#state;
    const worker = this.#worker;
    worker.frames.add(this.frame);
    if (story.recorded) this.#tell(`${worker.name} handles ${this.#names} (attempt ${this.#deliveries[0]!.attempt})`);
    ledger.begins(this.#group, this.#deliveries, worker.name, worker.waking);
  }

  ends(failed: { readonly error: unknown } | undefined, refused: ReadonlySet<AnyDelivery> | undefined): void {
    const { story, ledger } = this.#state;
    const worker = this.#worker;
    const { running } = this.frame;
    this.frame.ended = true;
    worker.frames.delete(this.frame);
    for (const delivery of this.#deliveries) ledger.left(this.#group, delivery);
    if (failed !== undefined) {
      if (story.recorded) this.#tell(`${worker.name}: the handler of ${this.#names} throws ${thrownBy(failed.error)}`);
      return;
    }
    if (story.recorded && running.length > 0)
      this.#tell(
        `${worker.name}: the handler of ${this.#names} returns while ${running.join(", ")} still runs (a missing await?)`,
      );
    for (const delivery of this.#deliveries)
      if (refused?.has(delivery) !== true) ledger.handled(this.#group, delivery.id);
  }

  #tell(text: string): void {
    this.#state.story.tell(() => text, this.#numbers[0]!);
  }

  get #names(): string {
    return this.#numbers.map((number) => this.#state.story.name(number)).join(", ");
  }
}

export function frameOf(state: RunState, worker: Worker, message: number, course: () => string): Frame {
  return new HandlerFrame(state, worker, message, course);
}

class HandlerFrame implements Frame {
  readonly process: string;
  readonly message: number;
  waits = 0;
  readonly running: string[] = [];
  last: string | undefined = undefined;
  ended = false;
  readonly now: () => number;
  readonly random: () => number;
  readonly uuid: () => string;
  readonly #state: RunState;
  readonly #worker: Worker;
  readonly #course: () => string;

  constructor(state: RunState, worker: Worker, message: number, course: () => string) {
    const { now, random } = worker.runtime;
    this.process = worker.name;
    this.message = message;
    this.now = now;
    this.random = random;
    this.uuid = worker.nextId;
    this.#state = state;
    this.#worker = worker;
    this.#course = course;
  }

  begins(name: string): void {
    this.waits++;
    this.running.push(name);
  }

  ends(name: string): void {
    this.waits--;
    if (this.running.length === 1) this.running.pop();
    else this.running.splice(this.running.indexOf(name), 1);
  }

  perform<T>(name: string, args: readonly unknown[], act: () => T | Promise<T>): Promise<T> {
    const { courses, learning } = this.#state;
    if (learning) courses.learn(this.#course(), name);
    return this.#worker.perform(this, name, args, act);
  }
}
