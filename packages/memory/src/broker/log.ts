import type { Position, WireMessage } from "@switchyard/core/driver";
import type { Clock } from "./clock.ts";
import { Accepted, Dedup } from "./dedup.ts";
import { LogGroup } from "./log-group.ts";
import { hashKey, Partition } from "./partition.ts";

const HASHES = 2 ** 32;

/** An ordered log, split into partitions by key. Each group keeps its own position. */
export class Log {
  readonly name: string;
  readonly clock: Clock;
  readonly retentionMs: number;
  readonly dedup: Dedup<Accepted>;
  readonly partitions = new Map<string, Partition>();
  readonly groups = new Map<string, LogGroup>();
  #seq = 0;
  #made = 0;
  #turn = 0;
  #open: Partition[] = [];

  constructor(name: string, partitions: number, retentionMs: number, dedupMs: number, clock: Clock) {
    this.dedup = new Dedup(dedupMs);
    this.name = name;
    this.clock = clock;
    this.retentionMs = retentionMs;
    this.#spread(partitions, []);
  }

  /** The partitions that take records, in order of their key ranges. */
  get open(): readonly Partition[] {
    return this.#open;
  }

  /** Appends to the key's partition; without a key, to each partition in turn. */
  accept(kept: WireMessage, { key }: WireMessage, now: number): Accepted {
    const partition = key === undefined ? this.#open[this.#turn++ % this.#open.length]! : this.#find(hashKey(key));
    partition.trim(now - this.retentionMs);
    const seq = ++this.#seq;
    partition.append({ seq, message: kept, at: now });
    if (partition.waiters.size > 0) partition.waiters.wakeAll();
    return new Accepted(String(seq), `${partition.id}:${seq}`);
  }

  /** Nothing left to do: `accept` has woken the waiting receivers. */
  serve(): void {}

  trim(): void {
    const limit = this.clock.now() - this.retentionMs;
    for (const partition of this.partitions.values()) partition.trim(limit);
  }

  /** The group. It is created at `start` when it is first named. */
  group(name: string, start: Position): LogGroup {
    let group = this.groups.get(name);
    if (group === undefined) this.groups.set(name, (group = new LogGroup(name, this, start)));
    return group;
  }

  /** Replaces one partition by its two halves. */
  split(id: string): void {
    const parent = this.#mustBeOpen(id);
    const middle = Math.floor((parent.from + parent.to) / 2);
    this.#replace(
      [parent],
      [
        [parent.from, middle],
        [middle, parent.to],
      ],
    );
  }

  /** Replaces two neighbouring partitions by one. */
  merge(first: string, second: string): void {
    const parents = [this.#mustBeOpen(first), this.#mustBeOpen(second)].sort((a, b) => a.from - b.from);
    if (parents[0]!.to !== parents[1]!.from)
      throw new RangeError(`partitions ${first} and ${second} are not neighbours`);
    this.#replace(parents, [[parents[0]!.from, parents[1]!.to]]);
  }

  /** Replaces all open partitions by `count` partitions of equal size. */
  reshard(count: number): void {
    const parents = this.#open;
    for (const parent of parents) parent.close();
    this.#spread(count, parents);
    for (const group of this.groups.values()) group.tell();
  }

  /** Removes all records. Groups continue after them. */
  purge(): void {
    for (const partition of this.partitions.values()) partition.clear();
  }

  /** The sequence number of the newest record. */
  get seq(): number {
    return this.#seq;
  }

  #spread(count: number, parents: readonly Partition[]): void {
    this.#open = [];
    for (let i = 0; i < count; i++) {
      const from = Math.floor((HASHES / count) * i);
      const to = i === count - 1 ? HASHES : Math.floor((HASHES / count) * (i + 1));
      this.#make(from, to, parents);
    }
  }

  #replace(parents: readonly Partition[], ranges: readonly (readonly [number, number])[]): void {
    for (const parent of parents) parent.close();
    this.#open = this.#open.filter((partition) => !parents.includes(partition));
    for (const [from, to] of ranges) this.#make(from, to, parents);
    for (const group of this.groups.values()) group.tell();
  }

  #make(from: number, to: number, olds: readonly Partition[]): void {
    const parents = olds.filter((old) => old.from < to && from < old.to).map((old) => old.id);
    const partition = new Partition(`${this.name}-${this.#made++}`, from, to, parents, this.clock);
    this.partitions.set(partition.id, partition);
    this.#open.push(partition);
    this.#open.sort((a, b) => a.from - b.from);
  }

  #find(hash: number): Partition {
    let low = 0;
    let high = this.#open.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (hash < this.#open[middle]!.to) high = middle;
      else low = middle + 1;
    }
    return this.#open[low]!;
  }

  #mustBeOpen(id: string): Partition {
    const partition = this.partitions.get(id);
    if (partition === undefined || partition.closed) {
      throw new RangeError(`no open partition ${id}; there are ${this.#open.map((open) => open.id).join(", ")}`);
    }
    return partition;
  }
}
