import type { Change, Expect, LeaseRow } from "./store.ts";

interface Write {
  readonly expect: Expect;
  readonly change: Change;
}

/**
 * Takes a lease by a conditional write on its counter, so that only one worker succeeds. `begun` is the fencing token of this worker's last
 * tenure of the lease that was used.
 */
export function acquisition(row: LeaseRow, worker: string, begun: number | undefined, now: number): Write {
  // If the answer to an acquisition was lost, that tenure never began and does not count.
  const unbegun = row.owner === worker && row.token !== undefined && begun !== row.token;
  return {
    expect: { counter: row.counter },
    change: {
      bump: true,
      owner: worker,
      handoverFrom: null,
      token: row.counter + 1,
      tenures: unbegun ? row.tenures : row.tenures + 1,
      // KCL's LATEST would mean another position after a crash.
      ...(row.checkpoint === "LATEST" ? { checkpoint: { time: now } } : {}),
    },
  };
}

/** Asks the holder to hand a lease over. Leaves the counter unchanged, so that the holder can still renew. */
export function handoverRequest(row: LeaseRow, worker: string): Write {
  const owner = row.owner ?? null;
  return {
    expect: { owner, token: row.token ?? null, handoverFrom: null },
    change: { bump: false, owner: worker, handoverFrom: owner },
  };
}
