import type { Runtime } from "@switchyard/core/driver";
import { MessagingError } from "@switchyard/core/driver-kit";
import { acquisition, handoverRequest } from "./acquisition.ts";
import { WorkerRegistry } from "./worker-registry.ts";
import { Calls } from "./calls.ts";
import { decide } from "./decide.ts";
import { Discovery, resolveStart } from "./discovery.ts";
import type { LeaseEngineOptions } from "./engine-options.ts";
import type { LeaseEvent } from "./events.ts";
import { isFatal } from "./fatal.ts";
import type { HeldShard } from "./held-shard.ts";
import { Observer } from "./observer.ts";
import { type ShardStatus, statusOf } from "./status.ts";
import type { Announce, LeaseRow, LeaseTable } from "./store.ts";
import { FREED, Tenure, type TenureHost } from "./tenure.ts";
import { jittered, type Times, timesOf } from "./timing.ts";
import { Wake } from "./wake.ts";

/**
 * Takes, renews and releases one group's leases for one worker. A stream driver's `leases()` is a loop over {@link shards}.
 *
 * ```ts
 * const engine = new LeaseEngine({ store, source, group: "billing", stream: arn, start: "latest", runtime });
 * await engine.open(signal);                          // refuses a missing, foreign or live table
 * for await (const shard of engine.shards(signal)) read(shard);
 * await engine.close();
 * ```
 */
export class LeaseEngine {
  /** Unique in the group. */
  readonly worker: string;
  readonly #options: LeaseEngineOptions;
  readonly #runtime: Runtime;
  readonly #times: Times;
  readonly #report: (event: LeaseEvent) => void;
  readonly #calls: Calls;
  readonly #discovery: Discovery;
  readonly #workers: WorkerRegistry;
  readonly #observer = new Observer();
  readonly #host: TenureHost;
  readonly #held = new Map<string, Tenure>();
  /** By shard, the fencing token of the last tenure that was yielded. */
  readonly #begun = new Map<string, number>();
  readonly #rests = new Map<string, number>();
  /** By shard, fencing tokens of ended tenures that were not freed in the table: the row may still name this worker. */
  readonly #owed = new Map<string, number>();
  readonly #yields: Tenure[] = [];
  readonly #closed = new AbortController();
  readonly #look: Wake;
  readonly #listing: Wake;
  readonly #given: Wake;
  #table: LeaseTable = { group: undefined, leases: [], workers: [] };
  #live: ReadonlySet<string> = new Set();
  #fatal: { readonly error: unknown } | undefined;
  #draining = false;
  #loops: Promise<void>[] = [];
  #closing: Promise<void> | undefined;

  constructor(options: LeaseEngineOptions) {
    const { runtime, store, source } = options;
    this.#options = options;
    this.#runtime = runtime;
    this.worker = options.worker ?? runtime.uuid();
    this.#times = timesOf(options.timing);
    this.#report = options.report ?? (() => {});
    this.#calls = new Calls(store, runtime, this.#times, this.#report);
    this.#discovery = new Discovery({ store, source, calls: this.#calls, report: this.#report });
    this.#workers = new WorkerRegistry({ worker: this.worker, store, runtime, calls: this.#calls, times: this.#times });
    this.#look = new Wake(runtime);
    this.#listing = new Wake(runtime);
    this.#given = new Wake(runtime);
    this.#host = {
      store,
      runtime,
      calls: this.#calls,
      times: this.#times,
      worker: this.worker,
      group: options.group,
      report: this.#report,
      moved: () => this.#workers.shown(),
      dead: (worker) => this.#live.size > 0 && !this.#live.has(worker),
      addChildShards: (children, parent) => this.#discovery.addChildShards(children, parent, this.#closed.signal),
      over: (tenure, released, owed) => this.#over(tenure, released, owed),
    };
  }

  /**
   * Checks the table and stores the group's start position if there is none. Calls `announce` before a planned wait of the store.
   * Rejects with a MessagingError.
   */
  async open(signal: AbortSignal, announce?: Announce): Promise<void> {
    const { store, source, group, stream, start } = this.#options;
    await store.open(signal, this.#runtime, announce);
    let table = await this.#calls.store("reading the leases", (s) => store.load(s), signal);
    if (table.group === undefined) {
      const from = await resolveStart(start, source, this.#runtime, this.#calls, signal);
      // Lease rows without a group row come from a KCL application. Shards that it has not listed yet are children.
      const row = { group, stream, start: from, complete: table.leases.length > 0 };
      table = { ...table, group: await this.#calls.store("storing the start", (s) => store.begin(row, s), signal) };
    }
    const found = table.group!;
    if (found.group !== group || found.stream !== stream) {
      throw new MessagingError(
        "lease-table-foreign",
        `${store.name} holds the leases of group ${found.group} of ${found.stream}, not of ${group} of ${stream}; give each group a table of its own, or delete this one if that stream is gone`,
        { kind: "config" },
      );
    }
  }

  /**
   * Yields each shard when its lease is taken. Call it once per engine. It ends when `signal` aborts: the engine then takes no more
   * leases and tells the other workers; yielded shards stay held until released. Rejects only with errors that a retry cannot help
   * (`auth`, `config`, `permanent`).
   */
  async *shards(signal: AbortSignal): AsyncGenerator<HeldShard> {
    const stop = () => {
      this.#draining = true;
      this.#given.now();
      this.#look.now();
    };
    if (signal.aborted || this.#closed.signal.aborted) return;
    signal.addEventListener("abort", stop, { once: true });
    this.#closed.signal.addEventListener("abort", stop, { once: true });
    const beating = this.#workers.keep(this.#closed.signal, () => this.#draining);
    this.#loops = [this.#looking(), this.#listings(), beating];
    for (const loop of this.#loops) loop.catch((error: unknown) => this.#fail(error));
    try {
      while (!this.#draining) {
        const tenure = this.#yields.shift();
        if (tenure === undefined) await this.#given.wait(undefined);
        else if (tenure.valid) {
          this.#begun.set(tenure.id, tenure.fencingToken);
          yield tenure;
        }
        if (this.#fatal !== undefined) throw this.#fatal.error;
      }
    } finally {
      signal.removeEventListener("abort", stop);
      stop();
      // No reader will get these.
      for (const tenure of this.#yields.splice(0)) void tenure.release();
    }
  }

  /** Reads the table and the shards at once. Call it when something is known to have changed. */
  look(): void {
    this.#listing.now();
    this.#look.now();
  }

  /** The shards as last read from the table. This worker's own shards are up to date. */
  status(): readonly ShardStatus[] {
    return statusOf(this.#table, this.#held, this.worker);
  }

  /**
   * Leaves the group and frees leases still held. Since their readers have not released them, these count as tenures without
   * release. Idempotent; never rejects. Does not close the store.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#draining = true;
    this.#given.now();
    this.#look.now();
    await Promise.all([...this.#held.values()].map((tenure) => tenure.abandon()));
    this.#closed.abort();
    for (const wake of [this.#look, this.#listing, this.#given]) wake.close();
    await Promise.allSettled(this.#loops);
    await Promise.all([...this.#owed].map(([key, token]) => this.#free(key, token)));
    // While a lease names this worker, the worker's row must stay. A later worker deletes it.
    if (this.#owed.size > 0) return;
    const { store } = this.#options;
    await this.#calls.store("leaving the group", (s) => store.forget(this.worker, undefined, s)).catch(() => {});
  }

  /** Frees a lease that expired here, unless another worker has it by now. Never rejects. */
  async #free(key: string, token: number): Promise<void> {
    const { store } = this.#options;
    const expect = { token, holder: this.worker };
    try {
      await this.#calls.store("releasing a lease", (s) => store.update(key, expect, FREED, s));
      this.#owed.delete(key);
    } catch {
      // If this fails, the lease expires by itself.
    }
  }

  async #looking(): Promise<void> {
    const { quickMs, renewMs } = this.#times;
    await this.#workers.beat(this.#draining);
    while (!this.#draining) {
      let pause = jittered(renewMs, this.#runtime);
      try {
        pause = Math.min(pause, await this.#lookOnce());
      } catch (error) {
        if (isFatal(error)) throw error;
        pause = jittered(quickMs, this.#runtime);
      }
      if (!this.#draining) await this.#look.wait(pause);
    }
    await this.#workers.beat(this.#draining);
  }

  /** Reads the table and acts on it. Returns the milliseconds until the next look. */
  async #lookOnce(): Promise<number> {
    const { store } = this.#options;
    const { leaseMs, quickMs } = this.#times;
    const table = await this.#calls.store("reading the leases", (s) => store.load(s), this.#closed.signal);
    const now = this.#runtime.monotonic();
    this.#table = table;
    this.#observer.look(table, now);
    const rows = new Map(table.leases.map((row) => [row.key, row]));
    for (const tenure of [...this.#held.values()]) tenure.seen(rows.get(tenure.id));
    for (const [key, token] of this.#owed) if (rows.get(key)?.token !== token) this.#owed.delete(key);
    for (const [key, until] of this.#rests) if (now >= until) this.#rests.delete(key);
    const decision = decide({
      table,
      observer: this.#observer,
      now,
      me: this.worker,
      held: (key) => this.#held.has(key),
      resting: (key) => this.#rests.has(key),
      leaseMs,
      random: this.#runtime.random.bind(this.#runtime),
    });
    this.#live = decision.live;
    const done = await Promise.all([
      ...decision.take.map((row) => this.#take(row)),
      ...decision.ask.map((row) => this.#ask(row)),
    ]);
    await this.#workers.sweep(table, this.#observer, now);
    let next = decision.hurry || done.includes(false) ? jittered(quickMs, this.#runtime) : Number.POSITIVE_INFINITY;
    if (decision.expiry !== undefined) next = Math.min(next, decision.expiry - this.#runtime.monotonic() + 1);
    for (const until of this.#rests.values()) next = Math.min(next, until - now);
    return Math.max(next, quickMs / 2);
  }

  /** Returns false if another worker was faster or the outcome is unknown. */
  async #take(row: LeaseRow): Promise<boolean> {
    if (this.#draining) return true;
    const { store } = this.#options;
    const sentAt = this.#runtime.monotonic();
    const { expect, change } = acquisition(row, this.worker, this.#begun.get(row.key), this.#runtime.now());
    try {
      const taken = await this.#calls.store("taking a lease", (s) => store.update(row.key, expect, change, s));
      if (!taken.applied) return false;
      const tenure = new Tenure(this.#host, taken.row, sentAt);
      this.#held.set(row.key, tenure);
      this.#owed.delete(row.key);
      if (!tenure.valid) return false;
      if (this.#draining) {
        void tenure.release();
        return true;
      }
      this.#host.moved();
      const { fencingToken, tenures, from } = tenure;
      this.#report({ type: "acquired", shard: row.key, fencingToken, tenures, from });
      this.#yields.push(tenure);
      this.#given.now();
      return true;
    } catch (error) {
      if (isFatal(error)) throw error;
      // It may have been carried out.
      this.#owed.set(row.key, row.counter + 1);
      return false;
    }
  }

  async #ask(row: LeaseRow): Promise<boolean> {
    if (this.#draining) return true;
    const { store } = this.#options;
    const { expect, change } = handoverRequest(row, this.worker);
    try {
      return (await this.#calls.store("asking for a lease", (s) => store.update(row.key, expect, change, s))).applied;
    } catch (error) {
      if (isFatal(error)) throw error;
      return false;
    }
  }

  async #listings(): Promise<void> {
    const { quickMs, discoverMs } = this.#times;
    while (!this.#draining) {
      let pause = jittered(quickMs, this.#runtime);
      try {
        const odd = await this.#discovery.run(this.#closed.signal);
        if (!odd) pause = discoverMs * (2 / 3 + (this.#runtime.random() * 2) / 3);
        this.#look.now();
      } catch (error) {
        if (isFatal(error)) throw error;
      }
      if (!this.#draining) await this.#listing.wait(pause);
    }
  }

  #over(tenure: Tenure, released: boolean, owed: boolean): void {
    if (owed) this.#owed.set(tenure.id, tenure.fencingToken);
    if (this.#held.get(tenure.id) === tenure) this.#held.delete(tenure.id);
    if (released && !tenure.asked.aborted) {
      this.#rests.set(tenure.id, this.#runtime.monotonic() + this.#times.renewMs);
    }
    this.#look.now();
  }

  #fail(error: unknown): void {
    if (this.#draining) return;
    this.#fatal ??= { error };
    this.#given.now();
  }
}
