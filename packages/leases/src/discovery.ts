import type { Position, Runtime } from "@switchyard/core/driver";
import { MessagingError } from "@switchyard/core/driver-kit";
import type { Calls } from "./calls.ts";
import { compareCheckpoints } from "./checkpoint.ts";
import type { LeaseEvent } from "./events.ts";
import type { Shard, ShardSource } from "./source.ts";
import type { Checkpoint, LeaseRow, LeaseStore, LeaseTable, NewLease } from "./store.ts";

/** How many consecutive listings must show an inconsistency before it is believed. The same number as KCL's. */
const AUDITS = 3;

export interface DiscoveryOptions {
  readonly store: LeaseStore;
  readonly source: ShardSource;
  readonly calls: Calls;
  readonly report: (event: LeaseEvent) => void;
}

/** Keeps one row per readable shard: creates missing rows and deletes those of shards that are gone. */
export class Discovery {
  readonly #store: LeaseStore;
  readonly #source: ShardSource;
  readonly #calls: Calls;
  readonly #report: (event: LeaseEvent) => void;
  readonly #odd = new Map<string, number>();
  readonly #absent = new Map<string, number>();

  constructor({ store, source, calls, report }: DiscoveryOptions) {
    this.#store = store;
    this.#source = source;
    this.#calls = calls;
    this.#report = report;
  }

  /** True if the listing showed an inconsistency that the next one may confirm. */
  async run(signal: AbortSignal): Promise<boolean> {
    const table = await this.#load(signal);
    const { start = "TRIM_HORIZON", complete = true } = table.group ?? {};
    const shards = await this.#list(start, signal);
    const rows = new Map(table.leases.map((row) => [row.key, row]));
    const listed = new Map(shards.map((shard) => [shard.id, shard]));
    const odd = new Set<string>();
    const confirmed = (what: string) => {
      odd.add(what);
      return (this.#odd.get(what) ?? 0) + 1 >= AUDITS;
    };

    const passed = ancestors(table.leases, listed);
    const known = new Set(rows.keys());
    const expected = (shard: Shard): boolean => {
      const parents = shard.parents.filter((parent) => !passed.has(parent));
      if (!parents.every((parent) => known.has(parent))) return false;
      // The first listing makes rows for all shards. In later listings, children of shards that are still being read are expected, and
      // wait for their parents. Anything else must be listed again before it is believed: a shard without known parents, or a child
      // that should have been made at its parent's end.
      if (!complete) return true;
      return parents.some((parent) => (rows.get(parent)?.checkpoint ?? "SHARD_END") !== "SHARD_END");
    };
    for (const generation of generations(shards)) {
      const fresh = generation.filter((shard) => {
        if (rows.has(shard.id) || passed.has(shard.id)) return false;
        if (shard.parents.some((parent) => odd.has(parent) && !known.has(parent))) return false;
        return expected(shard) || confirmed(shard.id);
      });
      const checkpoint = complete ? "TRIM_HORIZON" : start;
      await this.#insert(
        fresh.map((shard) => newLease(shard, checkpoint)),
        signal,
      );
      for (const shard of fresh) {
        known.add(shard.id);
        odd.delete(shard.id);
      }
    }
    if (!complete && odd.size === 0)
      await this.#calls.store("ending the first listing", (s) => this.#store.complete(s), signal);

    for (const row of table.leases) {
      if (!forgettable(row, listed, rows) || !confirmed(`gone:${row.key}`)) continue;
      const gone = await this.#calls.store(
        "deleting a row",
        (s) => this.#store.remove(row.key, row.counter, s),
        signal,
      );
      if (gone) this.#report({ type: "forgotten", shard: row.key });
    }
    for (const what of odd) this.#odd.set(what, (this.#odd.get(what) ?? 0) + 1);
    for (const what of this.#odd.keys()) if (!odd.has(what)) this.#odd.delete(what);
    return odd.size > 0;
  }

  /** Call it at a shard's end. A child can be read once all its parents with rows have ended, so every listed parent must have a row. */
  async addChildShards(children: readonly Shard[], parent: string, signal: AbortSignal): Promise<void> {
    const others = children.flatMap((child) => child.parents).filter((id) => id !== parent);
    if (others.length > 0) await this.#addParents(others, children, signal);
    await this.#insert(
      children.map((child) => newLease(child, "TRIM_HORIZON")),
      signal,
    );
  }

  /** Makes rows for the other parents of a merge. A parent without a row counts as read, and its records would come after the child's. */
  async #addParents(ids: readonly string[], children: readonly Shard[], signal: AbortSignal): Promise<void> {
    const table = await this.#load(signal);
    const rows = new Set(table.leases.map((row) => row.key));
    const missing = ids.filter((id) => !rows.has(id));
    if (missing.length === 0 || children.some((child) => rows.has(child.id))) return;
    const shards = await this.#list(table.group?.start ?? "TRIM_HORIZON", signal);
    const listed = new Map(shards.map((shard) => [shard.id, shard]));
    const passed = ancestors(table.leases, listed);
    const late = new Map<string, Shard>();
    // Ancestors without rows need rows too, or they would count as read.
    const add = (id: string) => {
      const shard = listed.get(id);
      if (shard === undefined || rows.has(id) || passed.has(id) || late.has(id)) return;
      late.set(id, shard);
      for (const parent of shard.parents) add(parent);
    };
    for (const id of missing) add(id);
    for (const generation of generations([...late.values()])) {
      await this.#insert(
        generation.map((shard) => newLease(shard, "TRIM_HORIZON")),
        signal,
      );
    }
    for (const id of missing) {
      if (late.has(id) || passed.has(id)) continue;
      const seen = (this.#absent.get(id) ?? 0) + 1;
      this.#absent.set(id, seen);
      if (seen >= AUDITS) continue;
      throw new MessagingError(
        "parent-unknown",
        `shard ${id}, a parent of ${children[0]!.id}, is not listed; asking again`,
        {
          kind: "retryable",
        },
      );
    }
  }

  #load(signal: AbortSignal): Promise<LeaseTable> {
    return this.#calls.store("reading the leases", (s) => this.#store.load(s), signal);
  }

  #list(since: Checkpoint, signal: AbortSignal): Promise<readonly Shard[]> {
    return this.#calls.source("listing the shards", (s) => this.#source.list(since, s), signal);
  }

  async #insert(rows: readonly NewLease[], signal: AbortSignal): Promise<void> {
    // In portions, since a thousand conditional puts do not fit into one call's time limit.
    for (let at = 0; at < rows.length; at += PORTION) {
      const portion = rows.slice(at, at + PORTION);
      await this.#calls.store("making rows", (s) => this.#store.insert(portion, s), signal);
      for (const row of portion) this.#report({ type: "discovered", shard: row.key, from: row.checkpoint });
    }
  }
}

const PORTION = 50;

export function newLease(shard: Shard, checkpoint: Checkpoint): NewLease {
  const { id: key, parents, hashRange } = shard;
  return { key, parents, checkpoint, ...(hashRange === undefined ? {} : { hashRange }) };
}

/** Parents before their children. */
export function generations(shards: readonly Shard[]): Shard[][] {
  const left = new Map(shards.map((shard) => [shard.id, shard]));
  const result: Shard[][] = [];
  while (left.size > 0) {
    const next = [...left.values()].filter((shard) => !shard.parents.some((parent) => left.has(parent)));
    // Guards against a cycle, although none was ever seen.
    const generation = next.length > 0 ? next : [...left.values()];
    for (const shard of generation) left.delete(shard.id);
    result.push(generation);
  }
  return result;
}

/** Shards with a descendant that has a row. They were read already, or skipped at the start, and are not started again. */
function ancestors(leases: readonly LeaseRow[], listed: ReadonlyMap<string, Shard>): Set<string> {
  const passed = new Set<string>();
  const pass = (parents: readonly string[]) => {
    for (const parent of parents) {
      if (passed.has(parent)) continue;
      passed.add(parent);
      pass(listed.get(parent)?.parents ?? []);
    }
  };
  for (const row of leases) pass(row.parents);
  return passed;
}

/** True if the shard was read to its end, is past retention and no child still waits for it. */
function forgettable(row: LeaseRow, listed: ReadonlyMap<string, Shard>, rows: ReadonlyMap<string, LeaseRow>): boolean {
  if (row.checkpoint !== "SHARD_END" || listed.has(row.key)) return false;
  if (row.parents.some((parent) => rows.has(parent))) return false;
  const begun = (child: string) => compareCheckpoints(rows.get(child)?.checkpoint ?? "SHARD_END", "TRIM_HORIZON") > 0;
  return row.children.every(begun);
}

/** The start position of a new group. `latest` becomes a time, which keeps its meaning later. */
export async function resolveStart(
  start: Position,
  source: ShardSource,
  runtime: Runtime,
  calls: Calls,
  signal: AbortSignal,
): Promise<Checkpoint> {
  const resolve = source.resolve?.bind(source);
  if (resolve !== undefined) return calls.source("resolving the start", (s) => resolve(start, s), signal);
  if (start === "earliest") return "TRIM_HORIZON";
  if (start === "latest") return { time: runtime.now() };
  return "time" in start ? { time: start.time } : { sequence: start.at };
}
