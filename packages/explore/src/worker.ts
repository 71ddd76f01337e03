/** One process of a run: its clock, its connection to the broker through a seam where faults are chosen, and its end. */
import type { Runtime } from "@switchyard/core";
import type {
  Adapter,
  Connection,
  Delivery,
  Destination,
  Fault,
  Lease,
  Outcome,
  ReceiverDriver,
  SenderDriver,
  Sent,
  Settlement,
  WireMessage,
} from "@switchyard/core/driver";
import { adapter as memory } from "@switchyard/memory";
import { type Choices, SITE } from "./choices.ts";
import type { Clock, Owner } from "./clock.ts";
import type { Frame } from "./context.ts";
import { called, type Story, thrownBy } from "./story.ts";

/** What may go wrong in a run. */
export interface Faults {
  /** A process dies, and another begins a second later. */
  readonly crash: boolean;
  /** A process stands still for longer than a hold, as in a long garbage collection. */
  readonly pause: boolean;
  /** An effect fails, or is done and its answer lost. */
  readonly effect: boolean;
  /** The broker stores a message twice. Never where it promises not to. */
  readonly duplicate: boolean;
  /** A message arrives later than one published after it. Never where the broker keeps order. */
  readonly delay: boolean;
  /** A publish is refused, or accepted and its answer lost. */
  readonly publish: boolean;
  /** An acknowledgement does not arrive. */
  readonly ack: boolean;
  /** A connection is cut. */
  readonly cut: boolean;
  /** The wall clock of a process jumps. */
  readonly clock: boolean;
  /** A process is stopped and started as in a deployment. */
  readonly restart: boolean;
  /** A partition of a stream is split. */
  readonly reshard: boolean;
}

/** What all processes of a run share. */
export interface Surroundings {
  readonly clock: Clock;
  readonly choices: Choices;
  readonly story: Story;
  readonly faults: Faults;
  /** The broker's own runtime: it has no process. */
  readonly brokerRuntime: Runtime;
  /** The longest hold of a group, in milliseconds. */
  readonly holdMs: () => number;
  /** The effect that follows another in the calm course, for the words of a story. */
  readonly after: (name: string) => string;
  readonly performed: Performed[];
  died(worker: Worker): void;
  paused(worker: Worker): void;
}

/** How long an effect takes, in milliseconds of the run. Slow ones are chosen. */
const EFFECT_MS = 1;
const SLOW_MS = [40, 3_000, 3_000];

const never = (): Promise<never> => new Promise(() => {});
const named = (kind: Fault["kind"], code: string): Chosen => new Chosen({ kind, code });

/** A fault that the run chose. */
class Chosen extends Error {
  readonly fault: Fault;
  constructor(fault: Fault) {
    super("the run chose this fault");
    this.fault = fault;
  }
}

/** An effect that the run let fail. Handlers see it as they see a failed request. If nobody does, it ends the process. */
export class EffectFailed extends Error {
  override readonly name = "EffectFailed";
  readonly unhandled: () => void;

  constructor(worker: Worker, text: string) {
    super(text);
    this.unhandled = () => worker.die("of an unhandled rejection: nobody awaits the effect that failed");
  }
}

/** An effect that was done, in the order of their doing. */
export interface Performed {
  readonly name: string;
  readonly args: readonly unknown[];
  readonly message: number;
}

function between(frame: Frame | undefined, last: string | undefined, next: string): string {
  const where = last === undefined ? `before ${next}` : `after ${last} and before ${next}`;
  return frame?.ended === true ? `${where}, when the handler has long returned` : where;
}

/** The same message with a later arrival. A message that was not encoded reads its own fields, so that it is not copied. */
const late = (message: WireMessage, ms: number): WireMessage =>
  new Proxy(message, {
    get: (target, key) =>
      key === "delayMs" ? ms + (target.delayMs ?? 0) : (Reflect.get(target, key, target) as unknown),
  });

/** A process: a place for one `connect()`, which can die. After that no call of it reaches anything, and nothing answers it. */
export class Worker implements Owner {
  readonly name: string;
  readonly service: string;
  readonly runtime: Runtime;
  readonly adapter: Adapter;
  /** Handlers that run. */
  readonly frames = new Set<Frame>();
  dead = false;
  pausedUntil = 0;
  skewMs = 0;
  /** Effects, settlements and sends that are under way. */
  busy = 0;
  /** Waits on the clock that no handler waits for, such as those of a loop in the background. */
  sleeping = 0;
  readonly #around: Surroundings;
  readonly #connections = new Set<Connection>();
  readonly #raw = new WeakMap<object, object>();
  readonly #numbers = new WeakMap<object, number>();

  constructor(name: string, service: string, seed: number, around: Surroundings) {
    this.name = name;
    this.service = service;
    this.#around = around;
    this.runtime = around.clock.runtimeFor(this, seed);
    this.adapter = {
      ...memory,
      open: async (options, _runtime, report) => {
        await this.gate();
        const inner = await memory.open(options as never, around.brokerRuntime, report);
        this.#connections.add(inner);
        return this.#connection(inner);
      },
      topology: (options) => memory.topology!(options as never, around.brokerRuntime),
    } as Adapter;
  }

  /** Lets a call of a living process through, when it is not paused. */
  async gate(): Promise<void> {
    if (this.dead) return never();
    if (this.pausedUntil > this.#around.clock.elapsed)
      await this.runtime.sleep(this.pausedUntil - this.#around.clock.elapsed);
    if (this.dead) return never();
  }

  /** Dies as if the machine had lost its power. */
  die(how: string, message = 0): void {
    if (this.dead) return;
    this.#around.story.tell(`${this.name} dies ${how}${this.#others(message)}`, message, true);
    this.dead = true;
    this.frames.clear();
    this.busy = 0;
    for (const connection of this.#connections) void connection.close().catch(() => {});
    this.#around.died(this);
  }

  /** Where the other handlers of this process are: they have done something, and die or stand still with it. */
  #others(message: number): string {
    const { after } = this.#around;
    const others = [...this.frames].filter((frame) => frame.message !== message && frame.last !== undefined);
    const where = others
      .slice(0, 3)
      .map((frame) => `#${frame.message} after ${frame.last} and before ${after(frame.last!)}`);
    if (others.length > 3) where.push(`${others.length - 3} more`);
    return where.length === 0 ? "" : `, and with it ${where.join(", ")}`;
  }

  /** Stands still for longer than a hold. */
  pause(how: string, message = 0): void {
    const { clock, holdMs, story } = this.#around;
    const ms = Math.ceil(holdMs() * 1.5);
    story.tell(`${this.name} stands still for ${ms / 1_000} s ${how}`, message, true);
    this.pausedUntil = clock.elapsed + ms;
    this.#around.paused(this);
  }

  cut(): void {
    for (const connection of this.#connections) (connection as Connection & { drop?(): void }).drop?.();
  }

  /** Does one effect: it begins, takes a moment, is done, and its answer comes back. At each step the run may choose otherwise. */
  async perform<T>(
    frame: Frame | undefined,
    name: string,
    args: readonly unknown[],
    act: () => T | Promise<T>,
  ): Promise<T> {
    const { choices, story, faults, performed } = this.#around;
    const message = frame?.message ?? 0;
    const who = message === 0 ? this.name : `${this.name} (#${message})`;
    if (this.dead) return never();
    this.busy++;
    try {
      const before = choices.choose(SITE.before, message, 7);
      if (before === 2 && faults.pause) this.pause(`before ${name}`, message);
      const slow = before >= 4 ? SLOW_MS[before - 4]! : 0;
      if (slow > 0) story.tell(`${who}: ${name} takes ${slow} ms`, message, true);
      await this.gate();
      await this.runtime.sleep(slow + EFFECT_MS);
      await this.gate();
      if ((before === 1 || before === 6) && faults.crash) {
        this.die(between(frame, frame?.last, name), message);
        return await never();
      }
      if (before === 3 && faults.effect) {
        story.tell(`${who}: ${called(name, args)} fails, and nothing was done`, message, true);
        throw new EffectFailed(this, `${name} failed (chosen by the run; nothing was done)`);
      }
      // Told at once: another handler of this process may die in the same moment, and what was done is done.
      const done = () => {
        if (frame !== undefined) frame.last = name;
        performed.push({ name, args, message });
        story.tell(`${who}: ${called(name, args)}`, message);
      };
      let result: T;
      try {
        const doing = act();
        result = typeof (doing as PromiseLike<T> | undefined)?.then === "function" ? await doing : (doing as T);
        done();
      } catch (error) {
        story.tell(`${who}: ${called(name, args)} throws ${thrownBy(error)}`, message);
        throw error;
      }
      await this.gate();
      const then = choices.choose(SITE.after, message, 4);
      const next = this.#around.after(name);
      if (then === 1 && faults.crash) {
        this.die(between(frame, name, next), message);
        return await never();
      }
      if (then === 2 && faults.effect) {
        story.tell(`${who}: the answer of ${name} is lost, so it fails after it was done`, message, true);
        throw new EffectFailed(this, `${name} failed (chosen by the run; it was done, and its answer lost)`);
      }
      if (then === 3 && faults.pause) this.pause(between(frame, name, next), message);
      await this.gate();
      return result;
    } finally {
      if (!this.dead) this.busy--;
    }
  }

  #connection(inner: Connection): Connection {
    return {
      sender: async (to, signal) => {
        await this.gate();
        return this.#sender(await inner.sender(to, signal), to);
      },
      receiver: async (from, options, signal) => {
        await this.gate();
        return this.#receiver(await inner.receiver(from, options, signal));
      },
      depth: async (of, signal) => inner.depth!(of, signal),
      purge: async (of, signal) => inner.purge!(of, signal),
      seek: async (of, to, signal) => inner.seek!(of, to, signal),
      classify: (cause, during) => (cause instanceof Chosen ? cause.fault : inner.classify(cause, during)),
      close: async () => {
        await this.gate();
        await inner.close();
      },
    };
  }

  #sender(inner: SenderDriver, to: Destination): SenderDriver {
    return {
      capabilities: inner.capabilities,
      ...(inner.encryptedAtRest === undefined ? {} : { encryptedAtRest: inner.encryptedAtRest }),
      size: (message) => inner.size(message),
      send: (batch, signal) => this.#send(inner, batch, to, signal),
      close: async () => {
        await this.gate();
        await inner.close();
      },
    };
  }

  async #send(
    inner: SenderDriver,
    batch: readonly WireMessage[],
    to: Destination,
    signal: AbortSignal,
  ): Promise<readonly Sent[]> {
    await this.gate();
    const { choices, story, faults } = this.#around;
    const number = this.#number(batch[0]!);
    const what = batch.length === 1 ? story.name(number) : `${story.name(number)} and ${batch.length - 1} more`;
    const where = to.dead === true ? "the dead letters" : "the broker";
    const unordered = !to.ordered && inner.capabilities.publishDedupMs === 0 && to.dead !== true;
    this.busy++;
    try {
      const chosen = choices.choose(SITE.send, number, 8);
      if (chosen === 1 && faults.publish) {
        story.tell(`${this.name}: ${where} accepts ${what}, and its answer is lost`, number, true);
        await inner.send(batch, signal);
        throw named("ambiguous", "no-answer");
      }
      if (chosen === 2 && faults.publish) {
        story.tell(`${this.name}: ${what} is lost on its way to ${where}, without an answer`, number, true);
        throw named("ambiguous", "no-answer");
      }
      if (chosen === 3 && faults.publish) {
        story.tell(`${this.name}: ${where} refuses ${what} for now (throttled)`, number, true);
        throw named("throttled", "throttled");
      }
      if (chosen === 4 && faults.duplicate && unordered) {
        story.tell(`the broker stores ${what} twice`, number, true);
        await inner.send(batch, signal);
      }
      let sent = batch;
      if (chosen >= 5 && chosen <= 6 && faults.delay && unordered && to.model !== "stream") {
        const ms = chosen === 5 ? 40 : 5_000;
        story.tell(`${what} takes ${ms} ms to arrive`, number, true);
        sent = batch.map((message) => late(message, ms));
      }
      const answer = await inner.send(sent, signal);
      if (chosen === 7 && faults.crash && this.frames.size > 0) {
        this.die(`after it published ${what}`, number);
        return await never();
      }
      await this.gate();
      return answer;
    } finally {
      if (!this.dead) this.busy--;
    }
  }

  #receiver(inner: ReceiverDriver): ReceiverDriver {
    return {
      capabilities: inner.capabilities,
      ...(inner.existing === undefined ? {} : { existing: inner.existing }),
      leases: (signal) => this.#leases(inner, signal),
      close: async () => {
        await this.gate();
        await inner.close();
      },
    };
  }

  async *#leases(inner: ReceiverDriver, signal: AbortSignal): AsyncGenerator<Lease> {
    // A log keeps a position, and a position that is not stored costs nothing until the reader changes.
    const forgets = inner.capabilities.settleResult !== "checkpoint";
    for await (const lease of inner.leases(signal)) yield this.#lease(lease, forgets);
  }

  #lease(inner: Lease, forgets: boolean): Lease {
    return {
      id: inner.id,
      ...(inner.fencingToken === undefined ? {} : { fencingToken: inner.fencingToken }),
      lost: inner.lost,
      receive: async (max, waitMs, signal) => {
        await this.gate();
        const found = await inner.receive(max, waitMs, signal);
        await this.gate();
        for (const delivery of found ?? []) this.#seen(delivery);
        return found;
      },
      settle: (batch, signal) => this.#settle(inner, batch, forgets, signal),
      ...(inner.extend === undefined
        ? {}
        : {
            extend: async (receipts: readonly unknown[], forMs: number, signal: AbortSignal) => {
              await this.gate();
              return inner.extend!(receipts, forMs, signal);
            },
          }),
      ...(inner.limit === undefined ? {} : { limit: (most: number) => inner.limit!(most) }),
      release: async (reason, signal) => {
        await this.gate();
        await inner.release(reason, signal);
      },
    };
  }

  async #settle(
    inner: Lease,
    batch: readonly Settlement[],
    forgets: boolean,
    signal: AbortSignal,
  ): Promise<readonly Outcome[]> {
    await this.gate();
    const { choices, story, faults } = this.#around;
    this.busy++;
    try {
      const kept: Settlement[] = [];
      const outcomes = new Map<Settlement, Outcome>();
      for (const settlement of batch) {
        const raw = this.#raw.get(settlement.receipt as object);
        const number = raw === undefined ? 0 : (this.#numbers.get(raw) ?? 0);
        const chosen = settlement.action === "ack" ? choices.choose(SITE.ack, number, 4) : 0;
        if (chosen === 1 && faults.ack) {
          story.tell(`${this.name}: the acknowledgement of ${story.name(number)} fails`, number, true);
          outcomes.set(settlement, { cause: named("retryable", "no-answer") });
        } else if (chosen === 2 && faults.ack && forgets) {
          story.tell(`the broker forgets the acknowledgement of ${story.name(number)}`, number, true);
          outcomes.set(settlement, undefined);
        } else if (chosen === 3 && faults.crash) {
          this.die(`before it acknowledges ${story.name(number)}`, number);
          return await never();
        } else kept.push(settlement);
      }
      const settled = kept.length === 0 ? [] : await inner.settle(kept, signal);
      for (const [at, settlement] of kept.entries()) outcomes.set(settlement, settled[at]);
      await this.gate();
      return batch.map((settlement) => outcomes.get(settlement));
    } finally {
      if (!this.dead) this.busy--;
    }
  }

  /** A delivery's raw message is what a handler sees, and its receipt is what settles it: they have the same number. */
  #seen({ receipt, raw }: Delivery): void {
    this.#raw.set(receipt as object, raw as object);
  }

  /** Tells the number of a raw message, once its handler knows it. */
  known(raw: unknown, number: number): void {
    if (typeof raw === "object" && raw !== null) this.#numbers.set(raw, number);
  }

  #number(message: WireMessage): number {
    const { dedup } = message;
    // `id:hop`, then the source or a fingerprint.
    const id = dedup === undefined ? undefined : /^(.*):\d+(?::[^:]*)?$/s.exec(dedup)?.[1];
    return id === undefined ? 0 : this.#around.story.number(id);
  }
}
