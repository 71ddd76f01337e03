import type { Position } from "@switchyard/core/driver";
import { LeaseTable, type Tenure } from "./lease-table.ts";
import type { Log } from "./log.ts";
import type { LogRecord } from "./partition.ts";

/** A consumer group of a log: its checkpoint in each partition, and who reads which. */
export class LogGroup {
  readonly name: string;
  readonly table: LeaseTable;
  readonly #log: Log;
  /** The offset of the first record not yet settled, by partition. */
  readonly #checkpoints = new Map<string, number>();

  constructor(name: string, log: Log, start: Position) {
    this.name = name;
    this.#log = log;
    this.table = new LeaseTable(log.clock.runtime);
    log.trim();
    for (const partition of log.partitions.values()) {
      this.#checkpoints.set(partition.id, partition.offset(start, log.clock));
      this.table.add(partition.id, partition.parents);
    }
  }

  /** How far each partition's present holder has read. */
  readonly #read = new Map<string, number>();

  read(tenure: Tenure, offset: number): void {
    if (this.table.holds(tenure)) this.#read.set(tenure.key, offset);
  }

  /** One past the last record that is out with a holder. */
  readTo(partition: string): number {
    const checkpoint = this.checkpoint(partition);
    return this.table.isHeld(partition) ? Math.max(checkpoint, this.#read.get(partition) ?? 0) : checkpoint;
  }

  /** Read by a holder and not settled. */
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

  checkpoint(partition: string): number {
    return this.#checkpoints.get(partition) ?? 0;
  }

  /** Everything before `offset` is done. False from a holder that is none any more. Never goes back. */
  advance(tenure: Tenure, offset: number): boolean {
    if (!this.table.holds(tenure)) return false;
    if (offset > this.checkpoint(tenure.key)) {
      this.#checkpoints.set(tenure.key, offset);
      this.table.progress(tenure);
    }
    return true;
  }

  /** Leases for partitions made since, read from their beginning. */
  discover(): void {
    for (const partition of this.#log.partitions.values()) {
      if (this.#checkpoints.has(partition.id)) continue;
      this.#checkpoints.set(partition.id, 0);
      this.table.add(partition.id, partition.parents);
    }
    this.table.balance();
  }

  /** Moves the position in every partition; holders lose their leases, and parents are read again before their children. */
  seek(to: Position): void {
    this.#log.trim();
    for (const partition of this.#log.partitions.values()) {
      const offset = partition.offset(to, this.#log.clock);
      this.table.revoke(partition.id, false);
      this.#checkpoints.set(partition.id, offset);
      this.table.setEnded(partition.id, partition.closed && offset >= partition.end);
    }
    this.table.balance();
  }
}
