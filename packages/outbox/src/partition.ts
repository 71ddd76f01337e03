/** One partition for one tenure: carries out what the protocol says. */
import type { Runtime } from "@switchyard/core";
import type { PoolLike, Tables } from "./sql.ts";
import type { HeldShard } from "@switchyard/leases";
import { Pace } from "./pace.ts";
import {
  begun,
  type Outcome,
  type PartitionEffect,
  type PartitionEvent,
  type PartitionState,
  step,
} from "./protocol.ts";
import { readRows, readSql, type RefusedRow, type RelayRow, settleRows } from "./relay-statements.ts";
import type { Sender, SentRow } from "./sender.ts";

export interface PartitionHost {
  readonly pool: PoolLike;
  readonly tables: Tables;
  readonly leases: string | undefined;
  readonly runtime: Runtime;
  readonly sender: Sender;
  /** The most rows read at once. */
  readonly batch: number;
  readonly later: "block" | "pass";
  /** Aborts when the relay stops: no more rows are read. */
  readonly stopping: AbortSignal;
  /** Aborts when a stop has lasted too long: sending ends, too. */
  readonly hurry: AbortSignal;
  /** Says what failed, or with undefined that it works again. */
  trouble(what: "database" | "send", error: unknown): void;
  relayed(accepted: number, refused: readonly RefusedRow[]): void;
}

/** How long a channel rests after a failure: 100 ms, doubled up to half a minute. */
const REST_MS = 100;
const LONGEST_REST_MS = 30_000;

/** The rest after so many failures in a row, in milliseconds. */
export const restMs = (tries: number): number => Math.min(LONGEST_REST_MS, REST_MS * 2 ** (tries - 1));

export class Partition {
  readonly pace: Pace;
  readonly #host: PartitionHost;
  readonly #shard: HeldShard;
  readonly #part: number;
  readonly #sql: string;
  /** By channel: failures in a row, and until when its rows are not read. */
  readonly #rests = new Map<string, { tries: number; until: number }>();
  #results: readonly SentRow[] = [];
  #full = false;

  constructor(host: PartitionHost, shard: HeldShard) {
    this.#host = host;
    this.#shard = shard;
    this.#part = Number(shard.id);
    this.#sql = readSql(host.tables);
    this.pace = new Pace(host.runtime);
  }

  /** Relays rows until the lease is lost, wanted by another relay, or the relay stops. Never rejects. */
  async run(): Promise<void> {
    const nudge = () => this.pace.nudge();
    const { stopping } = this.#host;
    for (const signal of [stopping, this.#shard.lost, this.#shard.asked]) signal.addEventListener("abort", nudge);
    let state: PartitionState<RelayRow> = begun;
    let event: PartitionEvent<RelayRow> = { type: "turn" };
    try {
      for (;;) {
        if (!this.#shard.valid) event = { type: "lost" };
        const next = step(state, event);
        state = next.state;
        if (next.effect.do === "stop") return;
        if (state.phase === "idle" && (stopping.aborted || this.#shard.asked.aborted)) return;
        event = await this.#carryOut(next.effect);
      }
    } finally {
      for (const signal of [stopping, this.#shard.lost, this.#shard.asked]) signal.removeEventListener("abort", nudge);
      await this.#shard.release();
    }
  }

  async #carryOut(effect: PartitionEffect<RelayRow>): Promise<PartitionEvent<RelayRow>> {
    switch (effect.do) {
      case "wait":
        if (effect.found) this.pace.found(this.#full);
        else this.pace.nothing();
        await this.pace.wait();
        return { type: "turn" };
      case "read":
        return this.#read();
      case "send":
        return { type: "sent", outcomes: await this.#send(effect.rows) };
      case "settle":
        return this.#settle(effect.accepted, effect.refused);
      case "stop":
        return { type: "lost" };
    }
  }

  async #read(): Promise<PartitionEvent<RelayRow>> {
    const { pool, batch, runtime, sender } = this.#host;
    const now = runtime.monotonic();
    const channels = sender.channels.filter((name) => (this.#rests.get(name)?.until ?? now) <= now);
    if (channels.length === 0) return { type: "read", rows: [] };
    try {
      const rows = await readRows(pool, this.#sql, this.#part, channels, batch);
      this.#host.trouble("database", undefined);
      this.#full = rows.length >= batch;
      return { type: "read", rows };
    } catch (error) {
      this.#host.trouble("database", error);
      return { type: "failed" };
    }
  }

  async #send(rows: readonly RelayRow[]): Promise<readonly Outcome[]> {
    const { sender, hurry } = this.#host;
    const over = new AbortController();
    const abort = () => over.abort();
    for (const signal of [this.#shard.lost, hurry]) signal.addEventListener("abort", abort, { once: true });
    if (hurry.aborted || !this.#shard.valid) abort();
    try {
      this.#results = await sender.send(rows, over.signal);
    } finally {
      for (const signal of [this.#shard.lost, hurry]) signal.removeEventListener("abort", abort);
    }
    this.#note(rows);
    return this.#results.map(({ outcome }) => outcome);
  }

  /** Lets channels rest whose rows were not accepted, so that other channels' rows behind them are reached. */
  #note(rows: readonly RelayRow[]): void {
    const now = this.#host.runtime.monotonic();
    const failed = new Map<string, unknown>();
    const working = new Set<string>();
    rows.forEach(({ channel }, at) => {
      const { outcome, error } = this.#results[at]!;
      if (outcome === "unsure" && error !== undefined) failed.set(channel, error);
      else if (outcome === "accepted") working.add(channel);
    });
    for (const channel of working) if (!failed.has(channel)) this.#rests.delete(channel);
    if (failed.size === 0) {
      if (working.size > 0) this.#host.trouble("send", undefined);
      return;
    }
    for (const [channel, error] of failed) {
      const tries = working.has(channel) ? 1 : (this.#rests.get(channel)?.tries ?? 0) + 1;
      const ms = restMs(tries);
      this.#rests.set(channel, { tries, until: now + ms });
      this.#host.trouble("send", error);
    }
  }

  async #settle(accepted: readonly RelayRow[], refused: readonly RelayRow[]): Promise<PartitionEvent<RelayRow>> {
    const { pool, tables, leases, later, runtime } = this.#host;
    const why = new Map(this.#results.map((result) => [result.row, result]));
    const dead = refused.map((row): RefusedRow => {
      const { code = "publish-failed", reason = "" } = why.get(row) ?? {};
      return { row, code, reason, blocks: later === "block" && row.key !== null };
    });
    try {
      const held = await settleRows(pool, tables, leases, this.#part, this.#shard.claim, accepted, dead);
      this.#host.trouble("database", undefined);
      if (!held) return { type: "lost" };
      this.#host.relayed(accepted.length, dead);
      return { type: "settled" };
    } catch (error) {
      this.#host.trouble("database", error);
      await runtime.sleep(REST_MS, this.#shard.lost);
      return { type: "failed" };
    }
  }
}
