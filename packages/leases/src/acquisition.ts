import type { Change, Expect, LeaseRow } from "./store.ts";

interface Write {
  readonly expect: Expect;
  readonly change: Change;
}

/** Takes a lease: whoever expects the same counter is too late. `begun`: the token of this worker's last tenure of it that was put to use. */
export function acquisition(row: LeaseRow, worker: string, begun: number | undefined, now: number): Write {
  // A tenure of this worker that never began, its acquisition's answer lost, is no tenure.
  const unbegun = row.owner === worker && row.token !== undefined && begun !== row.token;
  return {
    expect: { counter: row.counter },
    change: {
      bump: true,
      owner: worker,
      handoverFrom: null,
      token: row.counter + 1,
      tenures: unbegun ? row.tenures : row.tenures + 1,
      // KCL's LATEST would mean another place after a crash.
      ...(row.checkpoint === "LATEST" ? { checkpoint: { time: now } } : {}),
    },
  };
}

/** Asks the holder for a lease. The counter stays, so that the holder's renewals go on. */
export function handoverRequest(row: LeaseRow, worker: string): Write {
  const owner = row.owner ?? null;
  return {
    expect: { owner, token: row.token ?? null, handoverFrom: null },
    change: { bump: false, owner: worker, handoverFrom: owner },
  };
}
