import type { Observer } from "./observer.ts";
import type { LeaseRow, LeaseTable } from "./store.ts";

export interface Situation {
  readonly table: LeaseTable;
  readonly observer: Observer;
  readonly now: number;
  readonly me: string;
  /** True if this worker holds the lease. The row in the table may be out of date. */
  readonly held: (key: string) => boolean;
  /** True if this worker has just given up the lease, so that other workers go first. */
  readonly resting: (key: string) => boolean;
  readonly leaseMs: number;
  readonly random: () => number;
}

export interface Decision {
  /** Leases to take now. */
  readonly take: readonly LeaseRow[];
  /** Leases to ask their holders for. */
  readonly ask: readonly LeaseRow[];
  /** A handover to this worker is in progress, or it has less than its share while others have more. */
  readonly hurry: boolean;
  /** The next time at which another worker's lease expires or another worker counts as dead. */
  readonly expiry: number | undefined;
  readonly live: ReadonlySet<string>;
}

/** Parents without a row were read to their end long ago. */
export function eligibleRows(leases: readonly LeaseRow[]): LeaseRow[] {
  const rows = new Map(leases.map((row) => [row.key, row]));
  const passed = (parent: string) => (rows.get(parent)?.checkpoint ?? "SHARD_END") === "SHARD_END";
  return leases.filter((row) => row.checkpoint !== "SHARD_END" && row.parents.every(passed));
}

/** Decides which leases a worker takes and asks for. Pure except for the shuffle. */
export function decide(of: Situation): Decision {
  const { observer, now, me, leaseMs } = of;
  const eligible = eligibleRows(of.table.leases);
  const live = liveWorkers(of, eligible);
  const expired = (row: LeaseRow) => observer.still(row, now) >= leaseMs;
  const gone = (worker: string) => worker !== me && !live.has(worker);

  const mine: LeaseRow[] = [];
  const own: LeaseRow[] = [];
  const free: LeaseRow[] = [];
  const loads = new Map<string, LeaseRow[]>();
  let expiry: number | undefined;
  let coming = false;
  for (const row of eligible) {
    if (of.held(row.key)) {
      // This worker was asked to hand over the lease, so it already counts as the other worker's.
      if (row.owner === undefined || row.owner === me) mine.push(row);
      else load(loads, row.owner, row);
      continue;
    }
    if (row.owner === me && row.handoverFrom === undefined) own.push(row);
    else if (row.owner === undefined || expired(row) || (row.token === undefined && gone(row.owner))) free.push(row);
    else {
      if (row.owner === me) {
        mine.push(row);
        coming = true;
      } else load(loads, row.owner, row);
      const at = now + leaseMs - observer.still(row, now);
      expiry = Math.min(expiry ?? at, at);
    }
  }

  for (const id of live) {
    const at = now + leaseMs - (observer.quiet(id, now) ?? 0);
    if (id !== me) expiry = Math.min(expiry ?? at, at);
  }

  const target = Math.ceil(eligible.length / live.size);
  shuffle(free, of.random);
  const room = Math.max(0, target - mine.length - own.length);
  const able = free.filter((row) => !of.resting(row.key));
  const stale = able.slice(room).filter((row) => row.owner !== undefined && observer.still(row, now) > 3 * leaseMs);
  const take = [...own, ...able.slice(0, room), ...stale];

  const ask = free.length > 0 ? [] : wanted(of, loads, mine.length + own.length, target, live);
  const hurry = coming || ask.length > 0 || (able.length > 0 && room > 0);
  return { take, ask: ask.slice(0, Math.ceil(ask.length / 2)), hurry, expiry, live };
}

/**
 * True if the worker is active and its counters moved within a lease duration. A worker silent for longer has lost its leases too. A
 * worker with an expired lease counts as dead after half a duration of silence, so that the others can take its share with
 * its first lease.
 */
function liveWorkers(of: Situation, eligible: readonly LeaseRow[]): Set<string> {
  const { observer, now, leaseMs, me } = of;
  const states = new Map(of.table.workers.map((row) => [row.id, row.state]));
  const failing = new Set<string>();
  const candidates = new Set(states.keys());
  for (const row of eligible) {
    const holder = row.handoverFrom ?? row.owner;
    if (holder === undefined) continue;
    candidates.add(holder);
    if (row.token !== undefined && observer.still(row, now) >= leaseMs) failing.add(holder);
  }
  const live = new Set<string>([me]);
  for (const id of candidates) {
    const quiet = observer.quiet(id, now);
    if (quiet === undefined || quiet >= leaseMs || states.get(id) === "draining") continue;
    if (quiet >= leaseMs / 2 && failing.has(id)) continue;
    live.add(id);
  }
  return live;
}

/** Leases to ask from workers with more than their share, until this worker has its share. None is left with fewer than this worker. */
function wanted(
  of: Situation,
  loads: ReadonlyMap<string, LeaseRow[]>,
  have: number,
  target: number,
  live: ReadonlySet<string>,
): LeaseRow[] {
  const donors = [...loads].filter(([id]) => live.has(id)).map(([, rows]) => ({ count: rows.length, rows }));
  for (const { rows } of donors) shuffle(rows, of.random);
  const ask: LeaseRow[] = [];
  for (let count = have; count < target; count++) {
    shuffle(donors, of.random);
    donors.sort((a, b) => b.count - a.count);
    const donor = donors.find((it) => it.count - count >= 2 && it.rows.some(askable));
    if (donor === undefined) break;
    donor.count--;
    const at = donor.rows.findIndex(askable);
    ask.push(...donor.rows.splice(at, 1));
  }
  return ask;
}

/** True for a lease that is held and not yet asked for. */
const askable = (row: LeaseRow) => row.token !== undefined && row.handoverFrom === undefined;

function load(loads: Map<string, LeaseRow[]>, owner: string, row: LeaseRow): void {
  const rows = loads.get(owner);
  if (rows === undefined) loads.set(owner, [row]);
  else rows.push(row);
}

function shuffle(list: unknown[], random: () => number): void {
  for (let at = list.length - 1; at > 0; at--) {
    const other = Math.floor(random() * (at + 1));
    [list[at], list[other]] = [list[other], list[at]];
  }
}
