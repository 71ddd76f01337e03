/** Receiving dead letters for an operator: what is not wanted is given back, and faults that pass are waited out. */
import { fromFault, isMessagingError, MessagingError } from "../../api/errors.ts";
import type { Connection, Delivery, Depth, Destination, Lease, ReceiverDriver, Runtime } from "../../driver/index.ts";
import { reconnectMs } from "../../plan/backoff.ts";

/** Milliseconds of the last poll. An empty answer to a short poll does not prove that an SQS queue is empty. */
const LAST_LOOK_MS = 1_000;
/** With back-off (`reconnectMs`) from 10 to 20 seconds in all. */
const TRIES = 8;
/** The most letters that one session holds: SQS allows 20,000 in flight on a FIFO queue. */
export const MOST_HELD = 20_000;
/** For a broker that pushes: how many letters it may send ahead of those taken. */
const AHEAD = 200;

export interface SessionOptions {
  readonly connection: Connection;
  readonly from: Destination;
  readonly runtime: Runtime;
  /** Whether the depth of the dead-letter destination is exact. */
  readonly exactDepth: boolean;
  /** Throws `closed` once messaging is stopped; no broker is called from then on. */
  readonly open: () => void;
  /** Aborts once messaging is stopped. The session then ends, whether or not anybody goes on with it. */
  readonly closed: AbortSignal;
  /** Sessions that end so. */
  readonly running: Set<Promise<void>>;
  readonly errorContext: { readonly channel: string; readonly group: string };
  readonly holdMs: number;
}

/** One reader of the dead letters. Close it: it gives back what it still holds. */
export class Session {
  /** Receives that reached the broker. */
  receives = 0;
  /** The most letters held at once. */
  mostHeld = 0;
  readonly #options: SessionOptions;
  /** With the lease under which each was received. */
  readonly #held = new Map<Delivery, Lease>();
  /** Readers that hold as much as their broker lets one hold: 2,000 on a quorum queue of RabbitMQ. */
  readonly #full: { readonly receiver: ReceiverDriver; readonly lease: Lease; readonly stop: AbortController }[] = [];
  #stop = new AbortController();
  #receiver: ReceiverDriver | undefined;
  /** One, or one for each partition. */
  #leases: Lease[] = [];
  /** For a broker that pushes: how many letters each lease may hold. */
  #limits = new Map<Lease, number>();

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  get held(): number {
    return this.#held.size;
  }

  /** Throws `closed` once messaging is stopped. */
  refuseIfClosed(): void {
    this.#options.open();
  }

  holds(delivery: Delivery): boolean {
    return this.#held.has(delivery);
  }

  /** The most letters to settle in one call. */
  get batch(): number {
    return this.#receiver?.capabilities.maxBatch.count ?? 1;
  }

  /** Resolves with at most `max` letters. Empty: the broker has none for us, now or within `waitMs`. */
  async receive(max: number, waitMs = LAST_LOOK_MS): Promise<readonly Delivery[]> {
    const got = await this.#trying("receive", async () => {
      const leases = await this.#opened();
      for (const lease of leases) {
        this.#makeRoom(lease);
        const quick = await this.#take(lease, max, 0);
        if (quick.length > 0) return quick;
      }
      const pushes = leases.some(({ limit }) => limit !== undefined);
      if (!pushes && (await this.#surelyEmpty()) && waitMs <= LAST_LOOK_MS) return [];
      const late = await this.#takeAll(max, waitMs);
      if (late.length > 0 || !(await this.#another())) return late;
      await this.#opened();
      return this.#takeAll(max, waitMs);
    });
    // A receive that a stop ends early says nothing of what there is.
    this.refuseIfClosed();
    this.mostHeld = Math.max(this.mostHeld, this.held);
    return got;
  }

  /** Receives under all leases at once, each a part. Again, if there are more leases meanwhile and nothing came. */
  async #takeAll(max: number, waitMs: number): Promise<readonly Delivery[]> {
    const leases = [...this.#leases];
    const part = Math.max(1, Math.floor(max / leases.length));
    const got = (await Promise.all(leases.map((lease) => this.#take(lease, part, waitMs)))).flat();
    return got.length === 0 && this.#leases.length > leases.length ? this.#takeAll(max, waitMs) : got;
  }

  async #take(lease: Lease, max: number, waitMs: number): Promise<readonly Delivery[]> {
    this.receives++;
    const got = (await lease.receive(max, waitMs, lease.lost)) ?? [];
    for (const delivery of got) this.#held.set(delivery, lease);
    return [...got];
  }

  /**
   * Settles letters, and resolves with how many. Tries again while their hold lasts: a lost `ack` would let a letter be sent twice. One
   * whose hold has ended stays.
   */
  async settle(deliveries: readonly Delivery[], action: "ack" | "release"): Promise<number> {
    const { batch } = this;
    let settled = 0;
    for (let i = 0; i < deliveries.length; i += batch) {
      let left = deliveries.slice(i, i + batch).filter((delivery) => this.#held.has(delivery));
      while (left.length > 0)
        await this.#trying("settle", async () => {
          const lease = this.#held.get(left[0]!)!;
          const later = left.filter((delivery) => this.#held.get(delivery) !== lease);
          const asked = left.filter((delivery) => this.#held.get(delivery) === lease);
          const settlements = asked.map(({ receipt }) => ({ receipt, action }));
          const outcomes = await lease.settle(settlements, lease.lost);
          settled += outcomes.filter((outcome) => outcome === undefined).length;
          const failed = outcomes.filter((outcome) => outcome !== undefined && !this.#isLost(outcome.cause));
          const stay = asked.filter((_, at) => outcomes[at] !== undefined && !this.#isLost(outcomes[at].cause));
          for (const one of asked) if (!stay.includes(one)) this.#held.delete(one);
          left = [...stay, ...later];
          if (failed.length > 0) throw failed[0]!.cause;
        });
    }
    return settled;
  }

  /** How many letters there are. It receives none. */
  async depth(): Promise<readonly Depth[]> {
    const { connection, from, closed } = this.#options;
    return this.#trying("receive", async () => (await connection.depth?.(from, closed)) ?? []);
  }

  /** What the broker says is left: `ready` to be received, and `others`: held by other readers. Absent: it does not say. */
  async rest(): Promise<{ readonly ready?: number; readonly others?: number }> {
    const { connection, from, closed } = this.#options;
    const depth = await connection.depth?.(from, closed).catch(() => undefined);
    if (depth === undefined) return {};
    const sum = (of: "ready" | "held") => depth.reduce((total, each) => total + (each[of] ?? 0), 0);
    return { ready: sum("ready"), others: Math.max(0, sum("held") - this.held) };
  }

  /** Gives back what is held. It does not throw: the rest comes back when its hold ends. */
  async close(): Promise<void> {
    // In reverse order: a queue that puts released messages at its head is then unchanged.
    await this.settle([...this.#held.keys()].reverse(), "release").catch(() => undefined);
    await this.#end();
  }

  error(cause: unknown): MessagingError {
    if (isMessagingError(cause)) return cause;
    const { connection, errorContext, closed } = this.#options;
    if (closed.aborted) return closed.reason as MessagingError;
    const what = `dead letters of "${errorContext.group}"`;
    return fromFault(connection.classify(cause, "receive"), what, cause, errorContext);
  }

  /** Opens the receiver, so that the next call does not have to. */
  async ready(): Promise<void> {
    await this.#trying("receive", () => this.#opened());
  }

  async #trying<T>(during: "receive" | "settle", work: () => Promise<T>): Promise<T> {
    const { runtime, closed, open, connection } = this.#options;
    for (let tries = 1; ; tries++) {
      open();
      try {
        return await work();
      } catch (cause) {
        const kind = isMessagingError(cause) ? cause.kind : connection.classify(cause, during).kind;
        const over = kind === "auth" || kind === "config" || kind === "permanent";
        if (over || tries >= TRIES || closed.aborted) throw this.error(cause);
        if (this.#leases.some(({ lost }) => lost.aborted)) await this.#end();
        await runtime.sleep(reconnectMs(tries, runtime.random), closed);
      }
    }
  }

  /** The leases that there are: at least one. Those of other partitions come a moment after the first. */
  async #opened(): Promise<readonly Lease[]> {
    if (this.#leases.length > 0 && this.#leases.every(({ lost }) => !lost.aborted)) return this.#leases;
    if (this.#receiver !== undefined) await this.#end();
    const { connection, from, holdMs, closed } = this.#options;
    const stop = new AbortController();
    this.#stop = stop;
    const asked = { holdMs, prefetch: MOST_HELD, window: AHEAD, start: "earliest" } as const;
    const receiver = await connection.receiver(from, asked, AbortSignal.any([stop.signal, closed]));
    this.#receiver = receiver;
    closed.addEventListener("abort", this.#endNow, { once: true });
    if (closed.aborted) {
      await this.#end();
      throw closed.reason;
    }
    this.#refuseLimit(receiver);
    const arrivals = receiver.leases(stop.signal)[Symbol.asyncIterator]();
    const { value, done } = await arrivals.next();
    if (done === true) throw new Error("the receiver gave no lease");
    const leases = [value];
    this.#leases = leases;
    void gather(arrivals, leases);
    return leases;
  }

  /** Looking counts as a delivery. A queue with a limit would drop or move the letters that were looked at. */
  #refuseLimit({ existing }: ReceiverDriver): void {
    if (existing?.deliveries === undefined) return;
    const { setting, count } = existing.deliveries;
    const text = `its dead-letter queue gives up letters after ${count} deliveries (${setting}), and looking at them counts; remove that setting`;
    const { errorContext } = this.#options;
    throw new MessagingError("dead-letters-limited", `dead letters of "${errorContext.group}": ${text}`, {
      ...errorContext,
      kind: "config",
    });
  }

  /** A broker that pushes sends no more than it may. */
  #makeRoom(lease: Lease): void {
    if (lease.limit === undefined) return;
    let held = 0;
    for (const of of this.#held.values()) if (of === lease) held++;
    // At first all leases of the receiver share what it may send ahead.
    const limit = this.#limits.get(lease) ?? AHEAD / this.#leases.length;
    if (held + AHEAD / 2 < limit) return;
    const more = Math.min(held + AHEAD, MOST_HELD);
    this.#limits.set(lease, more);
    lease.limit(more);
  }

  /** Sets a reader aside that gets no more although there is more. It keeps what it holds. False: there is no more, or it may have more. */
  async #another(): Promise<boolean> {
    const receiver = this.#receiver;
    const [lease, ...others] = this.#leases;
    if (lease?.limit === undefined || receiver === undefined || this.held >= MOST_HELD) return false;
    // Of a partition, the broker gives another reader nothing.
    if (others.length > 0) return false;
    const holds = [...this.#held.values()].some((of) => of === lease);
    if (!holds || ((await this.rest()).ready ?? 0) === 0) return false;
    this.#full.push({ receiver, lease, stop: this.#stop });
    this.#leases = [];
    this.#receiver = undefined;
    this.#stop = new AbortController();
    return true;
  }

  readonly #endNow = (): void => void this.#options.running.add(this.#end().catch(() => undefined));

  async #end(): Promise<void> {
    this.#options.closed.removeEventListener("abort", this.#endNow);
    const receiver = this.#receiver;
    for (const full of this.#full.splice(0)) {
      full.stop.abort();
      await full.lease.release("drained", this.#options.closed).catch(() => undefined);
      await full.receiver.close();
    }
    this.#stop.abort();
    await Promise.all(
      this.#leases.map((lease) => lease.release("drained", this.#options.closed).catch(() => undefined)),
    );
    this.#held.clear();
    this.#leases = [];
    this.#limits = new Map();
    this.#receiver = undefined;
    await receiver?.close();
  }

  /** Whether the depth proves the queue empty. An approximate depth may be 0 for a while after messages arrived. */
  async #surelyEmpty(): Promise<boolean> {
    const { connection, from, exactDepth, closed } = this.#options;
    if (!exactDepth) return false;
    const depth = await connection.depth?.(from, closed).catch(() => undefined);
    return depth?.every(({ ready }) => ready === 0) ?? false;
  }

  #isLost(cause: unknown): boolean {
    const { kind } = this.#options.connection.classify(cause, "settle");
    return kind === "lost" || kind === "closed";
  }
}

/** Adds the leases of other partitions as they come. A failure shows in the leases that there are. */
async function gather(arrivals: AsyncIterator<Lease>, leases: Lease[]): Promise<void> {
  try {
    for (let next = await arrivals.next(); next.done !== true; next = await arrivals.next()) leases.push(next.value);
  } catch {}
}
