import type { Position, WireMessage } from "@switchyard/core/driver";
import { Deque } from "@switchyard/core/driver-kit";
import { Waiters } from "./waiters.ts";
import type { Clock } from "./clock.ts";

export interface LogRecord {
  /** The sequence number, counted over the whole log. It is a position. */
  readonly seq: number;
  readonly message: WireMessage;
  /** Broker time of acceptance. */
  readonly at: number;
}

/** The records of a range of key hashes, [from, to), in order. Offsets count from the partition's beginning. */
export class Partition {
  readonly id: string;
  readonly from: number;
  readonly to: number;
  readonly parents: readonly string[];
  readonly waiters: Waiters<undefined, undefined>;
  /** It was split or merged, and takes no more records. */
  closed = false;
  /** The offset of the oldest record kept. */
  first = 0;
  /** Everything before this offset was purged by hand, so it does not count as lost. */
  purged = 0;
  /** The newest record that is past retention. */
  #trimmedSeq = 0;
  readonly #records = new Deque<LogRecord>();

  constructor(id: string, from: number, to: number, parents: readonly string[], clock: Clock) {
    this.id = id;
    this.from = from;
    this.to = to;
    this.parents = parents;
    this.waiters = new Waiters(clock.runtime);
  }

  /** One past the newest record's offset. */
  get end(): number {
    return this.first + this.#records.size;
  }

  append(record: LogRecord): void {
    this.#records.push(record);
  }

  read(offset: number): LogRecord | undefined {
    return this.#records.at(offset - this.first);
  }

  /** Forgets records accepted at `limit` or before. */
  trim(limit: number): void {
    for (let oldest = this.#records.peek(); oldest !== undefined && oldest.at <= limit; oldest = this.#records.peek()) {
      this.#records.shift();
      this.first++;
      this.#trimmedSeq = oldest.seq;
    }
  }

  clear(): void {
    this.first = this.end;
    this.purged = this.first;
    this.#trimmedSeq = 0;
    this.#records.clear();
  }

  close(): void {
    this.closed = true;
    this.waiters.wakeAll();
  }

  /** The offset of the first record after `seq`. */
  after(seq: number): number {
    return this.#search((record) => record.seq > seq);
  }

  /** Whether records after `seq` are gone because of retention. */
  hasTrimmedAfter(seq: number): boolean {
    return this.#trimmedSeq > seq;
  }

  /** The offset of a position in this partition. `at` is that record, or the next one accepted after it. */
  offset(position: Position, clock: Clock): number {
    if (position === "earliest") return this.first;
    if (position === "latest") return this.end;
    if ("at" in position) {
      const seq = Number(position.at.slice(position.at.lastIndexOf(":") + 1));
      return this.#search((record) => record.seq >= seq);
    }
    const time = clock.fromEpoch(position.time);
    return this.#search((record) => record.at >= time);
  }

  #search(reached: (record: LogRecord) => boolean): number {
    let low = this.first;
    let high = this.end;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (reached(this.read(middle)!)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** FNV-1a, then mixed so that the high bits spread too: where a key falls in [0, 2^32). */
export function hashKey(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  return hash >>> 0;
}
