import type { LeaseRow, LeaseTable } from "./store.ts";

/**
 * Records how long each counter has not changed, on this process's monotonic clock. Clocks of two machines are never compared. A
 * counter is seen later than it was written, so a lease expires here later than at its holder.
 */
export class Observer {
  readonly #leases = new Map<string, { counter: number; at: number }>();
  readonly #workers = new Map<string, { counter: number; at: number }>();
  /** When a lease or the own row of the worker was last seen to change. */
  readonly #moved = new Map<string, number>();

  look(table: LeaseTable, now: number): void {
    for (const row of table.leases) {
      if (moves(this.#leases, row.key, row.counter, now)) this.#move(row.handoverFrom ?? row.owner, now);
    }
    for (const row of table.workers) if (moves(this.#workers, row.id, row.counter, now)) this.#move(row.id, now);
    keepOnly(this.#leases, new Set(table.leases.map((row) => row.key)));
    const known = new Set(table.workers.map((row) => row.id));
    keepOnly(this.#workers, known);
    for (const row of table.leases) for (const id of [row.owner, row.handoverFrom]) if (id !== undefined) known.add(id);
    keepOnly(this.#moved, known);
  }

  /** Milliseconds since the lease's counter last changed. */
  still(row: LeaseRow, now: number): number {
    const seen = this.#leases.get(row.key);
    return seen === undefined || seen.counter !== row.counter ? 0 : now - seen.at;
  }

  /** Milliseconds since anything of the worker last changed; undefined if it was never seen. */
  quiet(worker: string, now: number): number | undefined {
    const at = this.#moved.get(worker);
    return at === undefined ? undefined : now - at;
  }

  #move(worker: string | undefined, now: number): void {
    if (worker !== undefined) this.#moved.set(worker, now);
  }
}

function moves(seen: Map<string, { counter: number; at: number }>, key: string, counter: number, now: number): boolean {
  if (seen.get(key)?.counter === counter) return false;
  seen.set(key, { counter, at: now });
  return true;
}

function keepOnly(map: Map<string, unknown>, keys: ReadonlySet<string>): void {
  for (const key of map.keys()) if (!keys.has(key)) map.delete(key);
}
