import type { Runtime } from "@switchyard/core/driver";
import { isMessagingError, MessagingError } from "@switchyard/core/driver-kit";
import type { Calls } from "./calls.ts";
import { compareCheckpoints, isSequence } from "./checkpoint.ts";
import type { LeaseEvent, LossReason } from "./events.ts";
import type { HeldShard, LeaseClaim } from "./held-shard.ts";
import type { Shard } from "./source.ts";
import type { Change, Checkpoint, LeaseRow, LeaseStore } from "./store.ts";
import type { Times } from "./timing.ts";

/** The engine, as its tenures see it. */
export interface TenureHost {
  readonly store: LeaseStore;
  readonly calls: Calls;
  readonly runtime: Runtime;
  readonly times: Times;
  readonly worker: string;
  readonly group: string;
  report(event: LeaseEvent): void;
  /** Call this when a row of this worker changed in the table, so that no heartbeat is needed for a while. */
  moved(): void;
  /** True if the worker is not seen alive; a lease it asked for is then freed instead. */
  dead(worker: string): boolean;
  /** Makes the children's rows, once their other parents have theirs. */
  addChildShards(children: readonly Shard[], parent: string): Promise<void>;
  /** `owed`: the row may still name this worker as the holder. */
  over(tenure: Tenure, released: boolean, owed: boolean): void;
}

/** One held lease. Renews it, stores checkpoints and hands it over. Gives it up before another worker could take it. */
export class Tenure implements HeldShard {
  readonly id: string;
  readonly fencingToken: number;
  readonly tenures: number;
  readonly from: Checkpoint;
  readonly claim: LeaseClaim;
  readonly #host: TenureHost;
  readonly #lost = new AbortController();
  readonly #asked = new AbortController();
  #stored: Checkpoint;
  #counter: number;
  #validUntil: number;
  #over = false;
  /** True while it is being released. */
  #leaving = false;
  #blameless = true;
  #progressed = false;
  #asker: string | undefined;
  #goal: Checkpoint;
  #storing: Promise<void> | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #renewal: Disposable | undefined;
  #fence: Disposable | undefined;
  #handover: Disposable | undefined;

  /** `row` as written by the acquisition that was sent at `sentAt`. */
  constructor(host: TenureHost, row: LeaseRow, sentAt: number) {
    this.#host = host;
    this.id = row.key;
    this.fencingToken = row.token!;
    this.tenures = row.tenures;
    this.from = row.checkpoint;
    this.claim = { group: host.group, shard: row.key, fencingToken: row.token! };
    this.#stored = row.checkpoint;
    this.#goal = row.checkpoint;
    this.#counter = row.counter;
    this.#validUntil = sentAt + host.times.leaseMs;
    this.#armFence();
    this.#armRenewal(this.#renewIn());
  }

  get stored(): Checkpoint {
    return this.#stored;
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  get asked(): AbortSignal {
    return this.#asked.signal;
  }

  get valid(): boolean {
    return this.#current && !this.#leaving;
  }

  /** True if the lease is ours by the clock. */
  get #current(): boolean {
    if (this.#over) return false;
    if (this.#host.runtime.monotonic() < this.#fencedAt) return true;
    this.lose("expired");
    return false;
  }

  async checkpoint(at: { readonly sequence: string; readonly sub?: number }): Promise<void> {
    if (!isSequence(at.sequence)) {
      throw new MessagingError("bad-checkpoint", `shard ${this.id}: \`sequence\` must be decimal digits`, {
        kind: "permanent",
      });
    }
    if (!this.valid) throw this.#leaseLost();
    if (compareCheckpoints(at, this.#goal) > 0) this.#goal = at;
    while (compareCheckpoints(this.#stored, at) < 0) {
      this.#storing ??= this.#store().finally(() => {
        this.#storing = undefined;
      });
      await this.#storing;
    }
  }

  async ended(children: readonly Shard[]): Promise<void> {
    if (!this.valid) throw this.#leaseLost();
    await this.#host.addChildShards(children, this.id);
    const ids = children.map((child) => child.id);
    await this.#write("ending a shard", { ...FREED, checkpoint: "SHARD_END", tenures: 0, children: ids });
    this.#end(true, false);
    this.#host.report({ type: "ended", shard: this.id, children: ids });
  }

  release(): Promise<void> {
    return this.#leave(true);
  }

  /** Gives up the lease with unsettled records, one of which may have ended the tenure. */
  abandon(): Promise<void> {
    return this.#leave(false);
  }

  async #leave(blameless: boolean): Promise<void> {
    // Only the first reason counts.
    if (!this.#leaving) this.#blameless = blameless;
    this.#leaving = true;
    while (this.#current) {
      try {
        await this.#write("releasing a lease", this.#farewell());
        break;
      } catch (error) {
        if (!this.#current || !isMessagingError(error) || error.code === "lease-lost") return;
        await this.#host.runtime.sleep(this.#host.times.quickMs, this.lost);
      }
    }
    if (this.#over) return;
    if (!this.#blameless) return this.lose("closed");
    this.#end(true, false);
    this.#host.report({ type: "released", shard: this.id, fencingToken: this.fencingToken });
  }

  /** Updates this tenure from its row in the table. */
  seen(row: LeaseRow | undefined): void {
    if (this.#over || (row !== undefined && row.counter < this.#counter)) return;
    if (row === undefined || !this.#ours(row)) this.lose("taken");
    else this.#note(row);
  }

  lose(reason: LossReason): void {
    if (this.#over) return;
    this.#end(false, reason === "expired" || reason === "handover-timeout");
    this.#lost.abort(this.#leaseLost());
    this.#host.report({ type: "lost", shard: this.id, fencingToken: this.fencingToken, reason });
  }

  get #fencedAt(): number {
    return this.#validUntil - this.#host.times.marginMs;
  }

  #ours(row: LeaseRow): boolean {
    const { worker } = this.#host;
    return row.token === this.fencingToken && (row.owner === worker || row.handoverFrom === worker);
  }

  async #store(): Promise<void> {
    // Checkpoints of the same tick are stored together.
    await Promise.resolve();
    await this.#write("storing a checkpoint", { bump: true, checkpoint: this.#goal, tenures: 0 });
  }

  /** Writes one at a time, so that each knows the counter that the previous one left. */
  #write(doing: string, change: Change): Promise<void> {
    const run = this.#turn.then(() => this.#put(doing, change));
    this.#turn = run.catch(() => {});
    return run;
  }

  async #put(doing: string, change: Change): Promise<void> {
    const { store, calls, runtime, worker } = this.#host;
    for (let again = 3; ; again--) {
      if (!this.#current) throw this.#leaseLost();
      const sentAt = runtime.monotonic();
      const expect = { counter: this.#counter, token: this.fencingToken, holder: worker };
      const { applied, row } = await calls.store(doing, (signal) => store.update(this.id, expect, change, signal));
      // The answer may have come after the end; an expired tenure is never resumed.
      if (!this.#current) throw this.#leaseLost();
      if (applied) {
        this.#counter = row.counter;
        if (change.token === null) return;
        this.#validUntil = sentAt + this.#host.times.leaseMs;
        this.#armRenewal(this.#renewIn());
        this.#host.moved();
        this.#note(row);
        return;
      }
      // An earlier write, whose reply was lost, had already done it.
      if (change.token === null && row !== undefined && row.token === undefined && row.counter > this.#counter) {
        if (change.checkpoint === undefined || row.checkpoint === change.checkpoint) return;
      }
      if (row === undefined || !this.#ours(row)) {
        this.lose("taken");
        throw this.#leaseLost();
      }
      this.#counter = row.counter;
      this.#note(row);
      // The checkpoint is already stored, by that earlier write or in the handler's own transaction.
      if (change.checkpoint !== undefined && compareCheckpoints(row.checkpoint, change.checkpoint) >= 0) return;
      if (again === 0) throw new MessagingError("contended", `${doing}: the row kept changing`, { kind: "retryable" });
    }
  }

  #note(row: LeaseRow): void {
    if (compareCheckpoints(row.checkpoint, this.#stored) > 0) {
      this.#stored = row.checkpoint;
      this.#progressed = true;
    }
    if (row.handoverFrom !== this.#host.worker || this.#asked.signal.aborted || this.#over) return;
    this.#asker = row.owner;
    this.#handover = this.#host.runtime.timer(this.#host.times.handoverMs, () => void this.#handOver());
    this.#host.report({ type: "handover-asked", shard: this.id, by: row.owner ?? "" });
    this.#asked.abort();
  }

  /** Hands the lease over after the handover time, finished or not. */
  async #handOver(): Promise<void> {
    if (this.#over) return;
    const { calls, store, worker } = this.#host;
    const change = this.#farewell();
    this.lose("handover-timeout");
    const expect = { token: this.fencingToken, holder: worker };
    await calls
      .store("handing a lease over", (signal) => store.update(this.id, expect, change, signal))
      .catch(() => {});
  }

  /** A tenure that ends by release does not count as one without progress. */
  #farewell(): Change {
    const blameless = this.#progressed || !this.#blameless ? {} : { tenures: Math.max(0, this.tenures - 1) };
    const asker = this.#asker;
    if (asker === undefined || this.#host.dead(asker)) return { ...FREED, ...blameless };
    return { bump: true, token: null, handoverFrom: null, ...blameless };
  }

  #renewIn(): number {
    return this.#host.times.renewMs * (1 + this.#host.runtime.random() / 5);
  }

  #armRenewal(ms: number): void {
    this.#renewal?.[Symbol.dispose]();
    this.#renewal = this.#host.runtime.timer(ms, () => void this.#renew());
  }

  async #renew(): Promise<void> {
    if (!this.#current) return;
    try {
      await this.#write("renewing a lease", { bump: true });
    } catch {
      if (this.#current) this.#armRenewal(this.#host.times.quickMs * (0.5 + this.#host.runtime.random()));
    }
  }

  #armFence(): void {
    const left = this.#fencedAt - this.#host.runtime.monotonic();
    this.#fence = this.#host.runtime.timer(Math.max(0, left), () => {
      if (this.#current) this.#armFence();
    });
  }

  #end(released: boolean, owed: boolean): void {
    this.#over = true;
    for (const timer of [this.#renewal, this.#fence, this.#handover]) timer?.[Symbol.dispose]();
    this.#host.over(this, released, owed);
  }

  #leaseLost(): MessagingError {
    return leaseLost(this.id, this.fencingToken);
  }
}

export const FREED = { bump: true, owner: null, token: null, handoverFrom: null } as const;

export const leaseLost = (shard: string, token: number) =>
  new MessagingError("lease-lost", `the lease of shard ${shard} under fencing token ${token} is over`, {
    kind: "retryable",
  });
