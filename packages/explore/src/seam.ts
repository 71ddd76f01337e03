/** The seam between a process and its broker: memory's adapter, where each call may be lost, refused, doubled or the last one. */
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
import { SITE } from "./choices.ts";
import type { Owner } from "./clock.ts";
import type { RunState } from "./state.ts";

/** The process that a seam belongs to. */
export interface SeamOwner extends Owner {
  readonly name: string;
  /** The place among all processes that the run has made. */
  readonly number: number;
  /** True if a call must wait at the gate. */
  readonly shut: boolean;
  /** Handlers that run. */
  readonly frames: ReadonlySet<unknown>;
  /** Calls that are under way. */
  busy: number;
  /** Lets a call through if the process lives, once it does not stand still. */
  gate(): Promise<void>;
  die(how: string, message: number): void;
  /** Stops it as a deployment does. */
  redeploy(): void;
  /** Milliseconds on the clock at which it was told to stop. */
  readonly stoppedAt: number | undefined;
}

/** For how many holds no extension gets through. */
const DEAF = 1.5;
/** The share of calls which settle several messages in the middle of which the process dies. */
const MIDDLE = 0.01;
/** Receives are many: each is less likely to go wrong than a publish. */
const RECEIVES = 0.1;
/** How late a message arrives, in milliseconds. */
const LATE_MS = [40, 5_000] as const;
/** Leases are few: each is likelier to meet the stop of its process. */
const LEASES = 2;

const untold = new AbortController().signal;
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

/** The same message with a later arrival. A message that was not encoded reads its own fields, so that it is not copied. */
const late = (message: WireMessage, ms: number): WireMessage =>
  new Proxy(message, {
    get: (target, key) =>
      key === "delayMs" ? ms + (target.delayMs ?? 0) : (Reflect.get(target, key, target) as unknown),
  });

/** The broker as one process reaches it. Nothing passes once the process is dead, and nothing while it stands still. */
export class Seam {
  readonly adapter: Adapter;
  readonly #worker: SeamOwner;
  readonly #state: RunState;
  readonly #connections = new Set<Connection>();
  /** Of the last connection. */
  #options: unknown;
  /** Milliseconds on the clock until which no extension gets through. */
  #deafUntil = 0;
  /** By receipt and by raw message. A run is short: nothing need be forgotten. */
  readonly #raw = new Map<object, object>();
  readonly #numbers = new Map<object, number>();

  constructor(worker: SeamOwner, state: RunState) {
    this.#worker = worker;
    this.#state = state;
    this.adapter = {
      ...memory,
      open: async (options, _runtime, report) => {
        if (worker.shut) await worker.gate();
        const inner = await memory.open(options as never, state.brokerRuntime, report);
        this.#connections.add(inner);
        this.#options = options;
        return this.#connection(inner);
      },
      topology: (options) => memory.topology!(options as never, state.brokerRuntime),
    } as Adapter;
  }

  /** Cuts every connection. They may be made again. */
  cut(): void {
    for (const connection of this.#connections) (connection as Connection & { drop?(): void }).drop?.();
  }

  /** The process is gone: the broker sees its connections end. */
  close(): void {
    for (const connection of this.#connections) void connection.close().catch(() => {});
  }

  #connection(inner: Connection): Connection {
    return {
      sender: async (to, signal) => {
        if (this.#worker.shut) await this.#worker.gate();
        return this.#sender(await inner.sender(to, signal), to);
      },
      receiver: async (from, options, signal) => {
        if (this.#worker.shut) await this.#worker.gate();
        return this.#receiver(await inner.receiver(from, options, signal), from);
      },
      depth: async (of, signal) => inner.depth!(of, signal),
      purge: async (of, signal) => inner.purge!(of, signal),
      seek: async (of, to, signal) => inner.seek!(of, to, signal),
      ...(inner.server && { server: (of) => inner.server!(of) }),
      classify: (cause, during) => (cause instanceof Chosen ? cause.fault : inner.classify(cause, during)),
      close: async () => {
        if (this.#worker.shut) await this.#worker.gate();
        await inner.close();
      },
    };
  }

  #sender(inner: SenderDriver, to: Destination): SenderDriver {
    return {
      capabilities: inner.capabilities,
      ...(inner.encryptedAtRest === undefined ? {} : { encryptedAtRest: inner.encryptedAtRest }),
      ...(inner.local === undefined ? {} : { local: inner.local }),
      size: (message) => inner.size(message),
      send: (batch, signal) => this.#send(inner, batch, to, signal),
      close: async () => {
        if (this.#worker.shut) await this.#worker.gate();
        await inner.close();
      },
    };
  }

  async #sendShut(
    ...given: [SenderDriver, readonly WireMessage[], Destination, AbortSignal]
  ): Promise<readonly Sent[]> {
    await this.#worker.gate();
    return this.#send(...given);
  }

  /** Not `async`, as in most runs it waits for nothing but the broker. */
  #send(
    inner: SenderDriver,
    batch: readonly WireMessage[],
    to: Destination,
    signal: AbortSignal,
  ): Promise<readonly Sent[]> {
    if (this.#worker.shut) return this.#sendShut(inner, batch, to, signal);
    const number = this.#number(batch[0]!);
    this.#worker.busy++;
    const { choices, faults } = this.#state;
    const chosen = choices.choose(SITE.send, number, faults.refuse ? 10 : 8);
    const sending =
      chosen === 0 ? inner.send(batch, signal) : this.#sendOtherwise(chosen, number, inner, batch, to, signal);
    return sending.then(this.#answered, this.#failed) as Promise<readonly Sent[]>;
  }

  /** A call has its answer, which waits where the process stands still. */
  readonly #answered = <T>(answer: T): T | Promise<T> => {
    if (this.#worker.shut) return this.#answeredShut(answer);
    this.#worker.busy--;
    return answer;
  };

  async #answeredShut<T>(answer: T): Promise<T> {
    await this.#worker.gate();
    this.#worker.busy--;
    return answer;
  }

  readonly #failed = (cause: unknown): never => {
    if (!this.#worker.dead) this.#worker.busy--;
    throw cause;
  };

  /** A send for which something was chosen. */
  async #sendOtherwise(
    chosen: number,
    number: number,
    inner: SenderDriver,
    batch: readonly WireMessage[],
    to: Destination,
    signal: AbortSignal,
  ): Promise<readonly Sent[]> {
    const { story, faults } = this.#state;
    const what = batch.length === 1 ? story.name(number) : `${story.name(number)} and ${batch.length - 1} more`;
    const where = to.dead === true ? "the dead letters" : "the broker";
    const unordered = !to.ordered && inner.capabilities.publishDedupMs === 0 && to.dead !== true;
    if (chosen === 1 && faults.publish) {
      this.#state.chose(
        "publish",
        () => `${this.#worker.name}: ${where} accepts ${what}, and its answer is lost`,
        number,
      );
      await inner.send(batch, signal);
      throw named("ambiguous", "no-answer");
    }
    if (chosen === 2 && faults.publish) {
      this.#state.chose(
        "publish",
        () => `${this.#worker.name}: ${what} is lost on its way to ${where}, without an answer`,
        number,
      );
      throw named("ambiguous", "no-answer");
    }
    if (chosen === 3 && faults.throttle) {
      this.#state.chose("throttle", () => `${this.#worker.name}: ${where} refuses ${what} for now (throttled)`, number);
      throw named("throttled", "throttled");
    }
    if (chosen >= 8) throw this.#refused(chosen === 8, `${where} refuses ${what}`, number);
    if (chosen === 4 && faults.duplicate && unordered) {
      this.#state.chose("duplicate", () => `the broker stores ${what} twice`, number);
      await inner.send(batch, signal);
    }
    let sent = batch;
    if (chosen >= 5 && chosen <= 6 && faults.delay && unordered && to.model !== "stream") {
      const ms = LATE_MS[chosen - 5]!;
      this.#state.chose("delay", () => `${what} takes ${ms} ms to arrive`, number);
      if (inner.capabilities.delayedPublishMs === 0) return this.#underWay(batch, to, ms);
      sent = batch.map((message) => late(message, ms));
    }
    const answer = await inner.send(sent, signal);
    if (chosen === 7 && faults.crash && this.#worker.frames.size > 0) {
      this.#worker.die(`after it published ${what}`, number);
      return never();
    }
    return answer;
  }

  #refused(permanent: boolean, text: string, number = 0): Chosen {
    this.#state.chose("refuse", () => `${text} for good (${permanent ? "not allowed" : "no right to it"})`, number);
    return permanent ? named("permanent", "refused") : named("auth", "refused");
  }

  /** A topic of SNS has accepted the messages, and delivers them later. It takes no delay of its own. */
  #underWay(batch: readonly WireMessage[], to: Destination, ms: number): readonly Sent[] {
    const state = this.#state;
    const late = [...batch];
    state.underWay++;
    state.clock.timer(state.brokerOwner, ms, () => void deliver().finally(() => state.underWay--));
    const deliver = async () => {
      const connection = await memory.open(this.#options as never, state.brokerRuntime, () => {});
      const sender = await connection.sender(to, untold);
      await sender.send(late, untold);
      await connection.close();
    };
    return late.map((_, at) => ({ id: `late-${state.clock.elapsed}-${at}` }));
  }

  #receiver(inner: ReceiverDriver, from: Destination): ReceiverDriver {
    return {
      capabilities: inner.capabilities,
      ...(inner.existing === undefined ? {} : { existing: inner.existing }),
      leases: (signal) => this.#leases(inner, from, signal),
      close: async () => {
        if (this.#worker.shut) await this.#worker.gate();
        await inner.close();
      },
    };
  }

  async *#leases(inner: ReceiverDriver, from: Destination, signal: AbortSignal): AsyncGenerator<Lease> {
    const { choices, clock, faults } = this.#state;
    // A log keeps a position, and a position that is not stored costs nothing until the reader changes.
    const forgets = inner.capabilities.settleResult !== "checkpoint";
    for await (const lease of inner.leases(signal)) {
      const { number, stoppedAt } = this.#worker;
      const meets = from.dead !== true && choices.choose(SITE.lease, number, 2, LEASES) === 1;
      if (meets && faults.restart && stoppedAt === undefined) {
        const text = `${this.#worker.name} is stopped, as for a deployment, just before it is given ${lease.id} to read`;
        this.#state.chose("restart", () => text);
        this.#worker.redeploy();
        await clock.sleep(this.#worker, 1);
      }
      yield this.#lease(lease, from, forgets);
    }
  }

  #lease(inner: Lease, from: Destination, forgets: boolean): Lease {
    const { choices, clock, faults } = this.#state;
    return {
      id: inner.id,
      ...(inner.fencingToken === undefined ? {} : { fencingToken: inner.fencingToken }),
      lost: inner.lost,
      receive: async (max, waitMs, signal) => {
        const { stoppedAt } = this.#worker;
        if (stoppedAt !== undefined && stoppedAt < clock.elapsed && from.dead !== true) {
          this.#state.fail("reads-after-stop", `${this.#worker.name} reads from ${inner.id} after it was told to stop`);
          return await never();
        }
        if (this.#worker.shut) await this.#worker.gate();
        // Where a hold lasts as long as its connection, no answer is lost without it.
        const loses = forgets && inner.extend !== undefined;
        const answers = loses ? 4 : 3;
        const chosen = choices.choose(
          SITE.receive,
          this.#worker.number,
          faults.refuse ? answers + 2 : answers,
          RECEIVES,
        );
        if (chosen >= answers)
          throw this.#refused(chosen === answers, `the broker refuses a receive of ${this.#worker.name}`);
        if ((chosen === 1 && faults.throttle) || (chosen === 2 && faults.receive)) {
          const why = chosen === 1 ? "is refused for now (throttled)" : "gets no answer";
          this.#state.chose(chosen === 1 ? "throttle" : "receive", () => `a receive of ${this.#worker.name} ${why}`);
          throw named(chosen === 1 ? "throttled" : "retryable", chosen === 1 ? "throttled" : "no-answer");
        }
        const found = await inner.receive(max, waitMs, signal);
        if (this.#worker.shut) await this.#worker.gate();
        if (chosen === 3 && loses && faults.receive && found !== null && found !== undefined && found.length > 0) {
          const what = found.length === 1 ? "a message" : `${found.length} messages`;
          this.#state.chose(
            "receive",
            () => `the broker hands ${what} to ${this.#worker.name}, and its answer is lost`,
          );
          throw named("retryable", "no-answer");
        }
        for (const delivery of found ?? []) this.#seen(delivery);
        return found;
      },
      settle: (batch, signal) => this.#settle(inner, batch, forgets, signal),
      ...(inner.extend === undefined
        ? {}
        : {
            extend: async (receipts: readonly unknown[], forMs: number, signal: AbortSignal) => {
              if (this.#worker.shut) await this.#worker.gate();
              if (!this.#extends()) throw named("retryable", "no-answer");
              return inner.extend!(receipts, forMs, signal);
            },
          }),
      ...(inner.limit === undefined ? {} : { limit: (most: number) => inner.limit!(most) }),
      release: async (reason, signal) => {
        if (this.#worker.shut) await this.#worker.gate();
        await inner.release(reason, signal);
      },
    };
  }

  async #settleShut(...given: [Lease, readonly Settlement[], boolean, AbortSignal]): Promise<readonly Outcome[]> {
    await this.#worker.gate();
    return this.#settle(...given);
  }

  #settle(
    inner: Lease,
    batch: readonly Settlement[],
    forgets: boolean,
    signal: AbortSignal,
  ): Promise<readonly Outcome[]> {
    if (this.#worker.shut) return this.#settleShut(inner, batch, forgets, signal);
    this.#worker.busy++;
    const otherwise = this.#chosenOf(batch, forgets);
    if (otherwise === "dies" || (otherwise === undefined && this.#diesAmid(inner, batch, signal))) return never();
    const settling =
      otherwise === undefined ? inner.settle(batch, signal) : this.#settleOthers(inner, batch, otherwise, signal);
    return settling.then(this.#answered, this.#failed) as Promise<readonly Outcome[]>;
  }

  /** The settlements that do not reach the broker, and how each seems to end. Undefined: all reach it. */
  #chosenOf(batch: readonly Settlement[], forgets: boolean): Map<Settlement, Outcome> | "dies" | undefined {
    let outcomes: Map<Settlement, Outcome> | undefined;
    for (const settlement of batch) {
      if (settlement.action !== "ack") continue;
      const number = this.#settled(settlement);
      const chosen = this.#state.choices.choose(SITE.ack, number, 4);
      if (chosen === 0) continue;
      const outcome = this.#lostAck(chosen, number, forgets);
      if (outcome === "dies") return "dies";
      if (outcome !== undefined) (outcomes ??= new Map()).set(settlement, outcome.is);
    }
    return outcomes;
  }

  /** True if the process dies when some of its verdicts have reached the broker, and the others have not. */
  #diesAmid(inner: Lease, batch: readonly Settlement[], signal: AbortSignal): boolean {
    const { choices, faults, story } = this.#state;
    if (batch.length < 2) return false;
    const count = choices.chooseApart(SITE.verdicts, this.#settled(batch[0]!), batch.length, MIDDLE);
    if (count === 0 || !faults.crash) return false;
    void inner.settle(batch.slice(0, count), signal).catch(() => {});
    const next = this.#settled(batch[count]!);
    this.#worker.die(`in the middle of its verdicts, before that on ${story.name(next)}`, next);
    return true;
  }

  /** The number of the message that is settled. */
  #settled({ receipt }: Settlement): number {
    const raw = this.#raw.get(receipt as object);
    return raw === undefined ? 0 : (this.#numbers.get(raw) ?? 0);
  }

  #lostAck(chosen: number, number: number, forgets: boolean): { readonly is: Outcome } | "dies" | undefined {
    const { story, faults } = this.#state;
    const { name } = this.#worker;
    if (chosen === 1 && faults.ack) {
      this.#state.chose("ack", () => `${name}: the acknowledgement of ${story.name(number)} fails`, number);
      return { is: { cause: named("retryable", "no-answer") } };
    }
    if (chosen === 2 && faults.ack && forgets) {
      this.#state.chose("ack", () => `the broker forgets the acknowledgement of ${story.name(number)}`, number);
      return { is: undefined };
    }
    if (chosen !== 3 || !faults.crash) return undefined;
    this.#worker.die(`before it acknowledges ${story.name(number)}`, number);
    return "dies";
  }

  async #settleOthers(
    inner: Lease,
    batch: readonly Settlement[],
    outcomes: Map<Settlement, Outcome>,
    signal: AbortSignal,
  ): Promise<readonly Outcome[]> {
    const kept = batch.filter((settlement) => !outcomes.has(settlement));
    const settled = kept.length === 0 ? [] : await inner.settle(kept, signal);
    for (const [at, settlement] of kept.entries()) outcomes.set(settlement, settled[at]);
    return batch.map((settlement) => outcomes.get(settlement));
  }

  /** False while no extension gets through. */
  #extends(): boolean {
    const { choices, clock, faults, holdMs } = this.#state;
    if (clock.elapsed < this.#deafUntil) return false;
    if (choices.choose(SITE.extend, this.#worker.number, 2) === 0 || !faults.extend) return true;
    this.#deafUntil = clock.elapsed + holdMs * DEAF;
    this.#state.chose("extend", () => `no extension of a hold gets through from ${this.#worker.name} for a while`);
    return false;
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
    if (message.local !== undefined) return this.#state.story.number(message.local.id);
    const { dedup } = message;
    if (dedup === undefined) return 0;
    // `id:0`, or of a copy `id:hop:fingerprint`.
    const id = dedup.endsWith(":0") ? dedup.slice(0, -2) : /^(.*):\d+(?::[^:]*)?$/s.exec(dedup)?.[1];
    return id === undefined ? 0 : this.#state.story.number(id);
  }
}
