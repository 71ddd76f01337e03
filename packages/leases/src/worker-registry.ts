import type { Runtime } from "@switchyard/core/driver";
import type { Calls } from "./calls.ts";
import { isFatal } from "./fatal.ts";
import type { Observer } from "./observer.ts";
import type { LeaseStore, LeaseTable } from "./store.ts";
import { jittered, type Times } from "./timing.ts";

export interface WorkerRegistryOptions {
  readonly worker: string;
  readonly store: LeaseStore;
  readonly runtime: Runtime;
  readonly calls: Calls;
  readonly times: Times;
}

/** The workers of a group: shows that this one is alive, and deletes the rows of dead ones. */
export class WorkerRegistry {
  readonly #of: WorkerRegistryOptions;
  #shownAt = Number.NEGATIVE_INFINITY;
  /** True if the worker's own row is in the table. The rows of its leases show that it is alive, but not its state. */
  #written = false;

  constructor(options: WorkerRegistryOptions) {
    this.#of = options;
  }

  /** Call it when a lease was renewed, which also shows that this worker is alive. */
  shown(): void {
    this.#shownAt = this.#of.runtime.monotonic();
  }

  /** Writes the worker's own row. Rejects only with errors that no retry can help. */
  async beat(draining: boolean): Promise<void> {
    const { calls, store, worker } = this.#of;
    const row = { id: worker, state: draining ? "draining" : "active" } as const;
    try {
      await calls.store("showing that this worker lives", (s) => store.beat(row, s));
      this.#written = true;
      this.shown();
    } catch (error) {
      if (isFatal(error)) throw error;
    }
  }

  /** Writes the worker's row until it is stored once, then whenever no lease was renewed for a renewal's time, until `signal` aborts. */
  async keep(signal: AbortSignal, draining: () => boolean): Promise<void> {
    const { runtime, times } = this.#of;
    while (!signal.aborted) {
      await runtime.sleep(jittered(this.#written ? times.renewMs : times.quickMs, runtime), signal);
      if (signal.aborted || draining()) return;
      if (!this.#written || runtime.monotonic() - this.#shownAt >= times.renewMs) await this.beat(false);
    }
  }

  /** Deletes the rows of workers that have been quiet for ten leases. */
  async sweep(table: LeaseTable, observer: Observer, now: number): Promise<void> {
    const { calls, store, times, worker } = this.#of;
    for (const { id, counter } of table.workers) {
      const quiet = observer.quiet(id, now) ?? 0;
      if (id === worker || quiet < 10 * times.leaseMs) continue;
      await calls.store("deleting a worker's row", (s) => store.forget(id, counter, s));
    }
  }
}
