import { type Duration, MessagingError, type Runtime } from "@switchyard/core";
import { formatDuration, isMessagingError, outside, parseDuration, within } from "@switchyard/core/driver-kit";
import type { ChannelShape } from "@switchyard/core/publish-kit";
import { type HeldShard, LeaseEngine } from "@switchyard/leases";
import { postgresLeases } from "@switchyard/leases/postgres";
import { figuresOf, type OutboxFigures } from "./figures.ts";
import { type Listener, listen } from "./listen.ts";
import { Partition, type PartitionHost, restMs } from "./partition.ts";
import { checkTables, type RefusedRow } from "./relay-statements.ts";
import { causeText, type MessagingLike, Sender } from "./sender.ts";
import { notifyName, type PoolLike, type Tables } from "./sql.ts";

/** A pool that can lend a client, which `notify` needs. A `Pool` of `pg` has it. */
export interface RelayPoolLike extends PoolLike {
  connect?(): Promise<any>;
}

/** The options of a relay. */
export interface RelayOptions {
  /** What sends the messages: `connect()` with the outbox's channels and service. The relay does not stop it. */
  readonly messaging: MessagingLike;
  /** A pool on the outbox's database. The relay does not close it. Five connections are enough. */
  readonly pool: RelayPoolLike;
  /** The number of partitions, to be checked against the table's. Default: the table's. */
  readonly parts?: number;
  /**
   * What later messages of a key do once one of them can never be sent: `block` (default) waits until it is retried or purged, `pass` goes
   * on without it.
   */
  readonly later?: "block" | "pass";
  /** The most rows that are read and published at once, for each partition. Default 500. */
  readonly batch?: number;
  /**
   * How long a partition waits for another relay when its own has crashed: a lease that is not renewed for this long is taken over.
   * Default 15s.
   */
  readonly lease?: Duration;
  /** The table of the relays' leases, as given to `leaseSchema`. Default `switchyard_leases`. */
  readonly leaseTable?: string;
  /** A message due for longer than this makes `health()` red, whoever should have relayed it. Default 1m. */
  readonly red?: Duration;
  /** Is told of each row that can never be sent. */
  readonly onDead?: (dead: {
    readonly id: string;
    readonly channel: string;
    readonly code: string;
    readonly reason: string;
  }) => void;
}

/** The state of an outbox and of this relay. */
export interface OutboxHealth extends Partial<OutboxFigures> {
  /**
   * `red`: messages are due for too long, keys are blocked, or the relay cannot run. `yellow`: something fails and is tried again, or there
   * are dead rows.
   */
  readonly status: "green" | "yellow" | "red";
  readonly state: "idle" | "running" | "stopping" | "stopped" | "failed";
  /** One sentence for each problem. */
  readonly problems: readonly string[];
  /** The partitions that this relay holds. */
  readonly parts: readonly number[];
  /** Messages that this relay has had accepted. */
  readonly relayed: number;
}

/** What `createOutbox` adds to the options. */
export interface RelayParts extends RelayOptions {
  readonly tables: Tables;
  readonly shapes: ReadonlyMap<string, ChannelShape>;
  readonly service: string;
  readonly notify: boolean;
  readonly runtime: Runtime;
}

/** How long after its deadline a stop waits for calls to the database. */
const LAST_CALLS_MS = 5_000;

/** Relays an outbox: takes leases of its partitions, and publishes their rows through messaging. */
export class Relay {
  readonly #parts: RelayParts;
  readonly #leaseMs: number;
  readonly #redMs: number;
  readonly #stopping = new AbortController();
  readonly #hurry = new AbortController();
  readonly #held = new Map<number, Partition>();
  readonly #troubles = new Map<string, string>();
  #state: OutboxHealth["state"] = "idle";
  #relayed = 0;
  #running: Promise<void> | undefined;

  /** @internal */
  constructor(parts: RelayParts) {
    this.#parts = parts;
    this.#leaseMs = durationOf(parts.lease ?? "15s", "lease", 1_000);
    this.#redMs = durationOf(parts.red ?? "1m", "red", 1);
    const { batch = 500, later = "block" } = parts;
    if (!Number.isInteger(batch) || batch < 1 || batch > 10_000) throw refuse("`batch` must be from 1 to 10000");
    if (later !== "block" && later !== "pass") throw refuse('`later` must be "block" or "pass"');
    if (typeof parts.messaging?.publishMany !== "function")
      throw refuse("`messaging` must be what connect() returns, connected to the outbox's channels");
    const service = parts.messaging.explain?.().service ?? parts.service;
    if (service !== parts.service)
      throw refuse(`\`messaging\` is of service "${service}" and the outbox of "${parts.service}"; give both the same`);
    if (typeof parts.pool?.query !== "function") throw refuse("`pool` must be a pool of pg, or have its query()");
  }

  /**
   * Relays until `stop()` or `signal`. Resolves then. A failure of the database or of a broker is tried again.
   *
   * @throws MessagingError (rejects) if a retry cannot help: `outbox-table-missing`, `outbox-parts-differ`, `outbox-sequence-cached`, or
   * what the lease store refuses.
   */
  run(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    if (this.#state === "stopping" || this.#state === "stopped")
      return Promise.reject(
        new MessagingError("closed", "this relay is stopped; make another one", { kind: "closed" }),
      );
    // Outside of the caller's context: each row has the trace of whoever stored it.
    this.#running ??= outside(() => this.#run(options.signal));
    return this.#running;
  }

  /**
   * Reads no more rows, waits until those being published are settled, and gives the partitions to other relays. After `deadline` (default
   * 10s) it waits for no broker any more; rows in doubt are published again by the next relay.
   */
  async stop({ deadline = "10s" }: { readonly deadline?: Duration } = {}): Promise<void> {
    if (this.#state !== "failed" && this.#state !== "stopped") this.#state = "stopping";
    this.#stopping.abort();
    const ended = (this.#running ?? Promise.resolve()).catch(() => {});
    await within(this.#parts.runtime, durationOf(deadline, "deadline", 0), ended);
    this.#hurry.abort();
    // A database that does not answer keeps nobody from stopping. The leases then expire.
    await within(this.#parts.runtime, LAST_CALLS_MS, ended);
    if (this.#state !== "failed") this.#state = "stopped";
  }

  /** Looks for rows at once. */
  nudge(): void {
    for (const partition of this.#held.values()) partition.pace.nudge();
  }

  /** Asks the database how much there is to relay. Works without `run()`, too: somewhere should be a check that turns red if nobody relays. */
  async health(): Promise<OutboxHealth> {
    const { pool, tables } = this.#parts;
    let figures: OutboxFigures | undefined;
    const red: string[] = [];
    const yellow: string[] = [...this.#troubles.values()];
    if (this.#state === "failed") red.push(...yellow.splice(0));
    try {
      figures = await figuresOf(pool, tables);
      const { ageMs, blockedKeys, dead } = figures;
      if (ageMs > this.#redMs)
        red.push(
          `a message in ${tables.rows} has been due for ${formatDuration(Math.round(ageMs / 1_000) * 1_000)}: no relay runs, it is too slow, or its broker refuses`,
        );
      if (blockedKeys > 0)
        red.push(
          `${blockedKeys} ordering keys wait for a dead row; look at outbox.dead(pool).list(), then retry or purge`,
        );
      else if (dead > 0) yellow.push(`${dead} dead rows; look at outbox.dead(pool).list(), then retry or purge`);
    } catch (error) {
      red.push(`${tables.rows} cannot be read: ${causeText(error)}`);
    }
    return {
      status: red.length > 0 ? "red" : yellow.length > 0 ? "yellow" : "green",
      state: this.#state,
      problems: [...red, ...yellow],
      parts: [...this.#held.keys()].sort((one, other) => one - other),
      relayed: this.#relayed,
      ...figures,
    };
  }

  async #run(signal: AbortSignal | undefined): Promise<void> {
    const abort = () => this.#stopping.abort();
    signal?.addEventListener("abort", abort, { once: true });
    if (signal?.aborted === true) abort();
    this.#state = "running";
    let listener: Listener | undefined;
    try {
      const { pool, tables, parts, notify, runtime } = this.#parts;
      const count = await this.#patiently("database", () => checkTables(pool, tables, parts));
      if (notify) listener = listen(pool, notifyName(tables), runtime, () => this.nudge(), this.#trouble("listen"));
      await this.#relay(count);
      if (this.#state === "running") this.#state = "stopped";
    } catch (error) {
      // A relay that is stopped while it starts did not fail.
      if (this.#stopping.signal.aborted && passes(error)) return;
      this.#state = "failed";
      this.#trouble("run")(error);
      throw error;
    } finally {
      signal?.removeEventListener("abort", abort);
      await listener?.close();
    }
  }

  async #relay(count: number): Promise<void> {
    const { pool, tables, leaseTable, runtime } = this.#parts;
    // Another number of partitions is another set of leases.
    const group = `outbox ${tables.rows} ${count}`;
    const table = leaseTable === undefined ? {} : { table: leaseTable };
    const shards = Array.from({ length: count }, (_, part) => ({ id: String(part), parents: [] }));
    const engine = new LeaseEngine({
      store: postgresLeases({ pool, group, ...table }),
      source: { list: async () => shards },
      group,
      stream: group,
      start: "earliest",
      runtime,
      timing: { leaseMs: this.#leaseMs },
      report: (event) => {
        if (event.type === "down") this.#trouble("leases")(event.cause);
        else if (event.type === "up") this.#trouble("leases")(undefined);
      },
    });
    const host = this.#host();
    const running = new Set<Promise<void>>();
    try {
      await this.#patiently("leases", () => engine.open(this.#stopping.signal));
      for await (const shard of engine.shards(this.#stopping.signal)) {
        const run = this.#hold(host, shard).finally(() => running.delete(run));
        running.add(run);
      }
    } finally {
      this.#stopping.abort();
      await Promise.all(running);
      await engine.close();
    }
  }

  /** Tries a step of the start again until it succeeds, the relay is stopped, or a retry cannot help. */
  async #patiently<T>(what: string, work: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        const done = await work();
        this.#trouble(what)(undefined);
        return done;
      } catch (error) {
        if (this.#stopping.signal.aborted || !passes(error)) throw error;
        this.#trouble(what)(error);
        await this.#parts.runtime.sleep(restMs(tries), this.#stopping.signal);
      }
    }
  }

  async #hold(host: PartitionHost, shard: HeldShard): Promise<void> {
    const part = Number(shard.id);
    const partition = new Partition(host, shard);
    this.#held.set(part, partition);
    try {
      await partition.run();
    } finally {
      // It may have been taken again meanwhile.
      if (this.#held.get(part) === partition) this.#held.delete(part);
    }
  }

  #host(): PartitionHost {
    const { pool, tables, leaseTable, runtime, messaging, shapes, batch = 500, later = "block", onDead } = this.#parts;
    return {
      pool,
      tables,
      leases: leaseTable,
      runtime,
      sender: new Sender(messaging, shapes),
      batch,
      later,
      stopping: this.#stopping.signal,
      hurry: this.#hurry.signal,
      trouble: (what, error) => this.#trouble(what)(error),
      relayed: (accepted: number, refused: readonly RefusedRow[]) => {
        this.#relayed += accepted;
        for (const { row, code, reason } of refused) onDead?.({ id: row.id, channel: row.channel, code, reason });
      },
    };
  }

  #trouble(what: string): (error: unknown) => void {
    return (error) => {
      if (error === undefined) this.#troubles.delete(what);
      else this.#troubles.set(what, `${DOING[what] ?? what}: ${causeText(error)}`);
    };
  }
}

const DOING: Readonly<Record<string, string>> = {
  database: "the outbox's database fails",
  send: "messages are not accepted",
  leases: "the lease store fails",
  listen: "NOTIFY is not heard, so rows are found by polling",
  run: "the relay does not run",
};

/** Whether a retry may help. PostgreSQL's own errors are known by their SQLSTATE: a refused login, no such database, a refused statement. */
function passes(error: unknown): boolean {
  if (isMessagingError(error)) return error.kind !== "auth" && error.kind !== "config" && error.kind !== "permanent";
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code !== "string" || !/^(?:28|3D|42)...$/.test(code);
}

const refuse = (text: string): MessagingError =>
  new MessagingError("bad-outbox", `relay(): ${text}`, { kind: "config" });

function durationOf(value: Duration, name: string, least: number): number {
  const ms = parseDuration(value);
  if (ms === undefined || ms < least)
    throw refuse(`\`${name}\` must be a duration of at least ${formatDuration(least)}`);
  return ms;
}
