import type { Position } from "@switchyard/core/driver";
import {
  type Checkpoint,
  LeaseEngine,
  type LeaseRow,
  type LeaseStore,
  memoryLeases,
  seek,
  type ShardSource,
} from "@switchyard/leases";
import type { Clock } from "./clock.ts";
import type { LogRecord, Partition } from "./partition.ts";
import { watched } from "./watched-store.ts";

/** How far a holder has read. */
interface Read {
  readonly token: number;
  readonly offset: number;
}

/** What a group needs of its log. */
export interface GroupedLog {
  readonly name: string;
  readonly clock: Clock;
  readonly partitions: ReadonlyMap<string, Partition>;
  /** The sequence number of the newest record. */
  readonly seq: number;
  trim(): void;
}

/**
 * A consumer group of a log. Its leases and checkpoints are kept by the same store and engine as those of any stream. Unlike with a real
 * broker, workers are told about changes at once, and need not find them at their next look.
 */
export class LogGroup {
  readonly name: string;
  readonly store: LeaseStore;
  readonly source: ShardSource;
  readonly #log: GroupedLog;
  readonly #start: Checkpoint;
  readonly #rows = new Map<string, LeaseRow>();
  readonly #engines = new Set<LeaseEngine>();
  readonly #read = new Map<string, Read>();
  #telling = false;

  constructor(name: string, log: GroupedLog, start: Position) {
    this.name = name;
    this.#log = log;
    log.trim();
    this.#start = this.#resolve(start);
    this.store = watched(memoryLeases(), {
      row: (row) => this.#rows.set(row.key, row),
      changed: () => this.tell(),
    });
    this.source = {
      list: async () => [...log.partitions.values()].map(({ id, parents }) => ({ id, parents })),
      resolve: async (to) => this.#resolve(to),
    };
  }

  /** Another worker of the group. */
  engine(worker: string): LeaseEngine {
    const { runtime } = this.#log.clock;
    const engine = new LeaseEngine({
      store: this.store,
      // The group began when it was first named, which may be before its first worker looks.
      source: { ...this.source, resolve: async () => this.#start },
      group: this.name,
      stream: this.#log.name,
      start: "earliest",
      runtime,
      worker,
    });
    this.#engines.add(engine);
    return engine;
  }

  async close(engine: LeaseEngine): Promise<void> {
    this.#engines.delete(engine);
    await engine.close();
    this.tell();
  }

  /** Call it when the leases or the partitions have changed: every worker then looks once. */
  tell(): void {
    if (this.#telling) return;
    this.#telling = true;
    queueMicrotask(() => {
      this.#telling = false;
      for (const engine of this.#engines) engine.look();
    });
  }

  holder(partition: string): string | undefined {
    const row = this.#rows.get(partition);
    return row?.handoverFrom ?? row?.owner;
  }

  read(partition: string, token: number, offset: number): void {
    if (this.#rows.get(partition)?.token === token) this.#read.set(partition, { token, offset });
  }

  /** One past the offset of the last record that a holder has read. */
  readTo(partition: string): number {
    const checkpoint = this.checkpoint(partition);
    const read = this.#read.get(partition);
    return read !== undefined && read.token === this.#rows.get(partition)?.token
      ? Math.max(checkpoint, read.offset)
      : checkpoint;
  }

  /** The records that a holder has read and not settled. */
  handedOut(): LogRecord[] {
    return [...this.#log.partitions.values()].flatMap((partition) => {
      const records: LogRecord[] = [];
      for (let offset = this.checkpoint(partition.id); offset < this.readTo(partition.id); offset++) {
        const record = partition.read(offset);
        if (record !== undefined) records.push(record);
      }
      return records;
    });
  }

  /** The offset of the first record not settled. */
  checkpoint(id: string): number {
    const partition = this.#log.partitions.get(id);
    return partition === undefined ? 0 : this.offsetAfter(this.#rows.get(id)?.checkpoint ?? this.#start, partition);
  }

  /** The offset of the first record after a checkpoint. */
  offsetAfter(at: Checkpoint, partition: Partition): number {
    if (at === "SHARD_END" || at === "LATEST") return partition.end;
    if (at === "TRIM_HORIZON") return partition.first;
    return "time" in at ? partition.offset({ time: at.time }, this.#log.clock) : partition.after(Number(at.sequence));
  }

  /** Takes a partition's lease from its holder without telling it. */
  async revoke(partition: string): Promise<void> {
    const change = { bump: true, owner: null, token: null, handoverFrom: null } as const;
    await this.store.update(partition, {}, change, new AbortController().signal);
  }

  /** Moves the position in every partition. Holders lose their leases, and parents are read again before their children. */
  async seek(to: Position, signal: AbortSignal): Promise<void> {
    this.#log.trim();
    const { runtime } = this.#log.clock;
    await seek(
      { store: this.store, source: this.source, runtime, group: this.name, stream: this.#log.name, to },
      signal,
    );
    this.tell();
  }

  /** Sequence numbers are counted over the whole log, so one checkpoint means the same in each partition. */
  #resolve(to: Position): Checkpoint {
    if (to === "earliest") return "TRIM_HORIZON";
    if (to === "latest") return { sequence: String(this.#log.seq) };
    if ("time" in to) return { time: to.time };
    return { sequence: String(Math.max(0, Number(to.at.slice(to.at.lastIndexOf(":") + 1)) - 1)) };
  }
}
