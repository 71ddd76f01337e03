import type { Runtime } from "@switchyard/core/driver";
import { Deque, MessagingError } from "@switchyard/core/driver-kit";
import type { Checkpoint } from "@switchyard/leases";
import type { ChildShard, KinesisRecord } from "./sdk.ts";
import { compareDigits } from "./positions.ts";
import type { Md5 } from "./md5.ts";
import { type ShardMessage, unpack } from "./message.ts";

/** The result of one read of a shard. */
export interface Batch {
  readonly records: readonly KinesisRecord[];
  /** How far behind the shard's newest record the reader is. */
  readonly lagMs: number | undefined;
  /** True at the shard's end: no records follow. */
  readonly end?: boolean;
  readonly children?: readonly ChildShard[];
  /** True if the whole shard is past retention. This was already reported. */
  readonly gone?: boolean;
}

/** Polling or enhanced fan-out: each read continues where the last one ended. */
export interface Feed {
  /**
   * Returns some records, possibly more than `max`. Undefined if none came before `until` (monotonic), or on abort. An abort loses no
   * records.
   */
  read(max: number, until: number, signal: AbortSignal): Promise<Batch | undefined>;
  close(): void;
}

/** Makes a feed that starts at a checkpoint. */
export type OpenFeed = (from: Checkpoint) => Feed;

export interface ShardReaderOptions {
  readonly shard: string;
  readonly from: Checkpoint;
  readonly open: OpenFeed;
  readonly runtime: Runtime;
  readonly positionLost: (cause: MessagingError) => void;
  /** Default: this machine's. */
  readonly md5?: Md5;
}

/** The messages of one shard from a checkpoint on, by polling or fan-out. Settled messages are skipped, lost ones are reported. */
export class ShardReader {
  readonly #options: ShardReaderOptions;
  readonly #feed: Feed;
  readonly #buffer = new Deque<ShardMessage>();
  /** The feed's last batch, while part of it is not in the buffer yet. The feed never brings it again. */
  #batch: Batch | undefined;
  /** How many of its records are in the buffer. */
  #unpacked = 0;
  /** True until the first record came. If that is the checkpoint's own record, nothing was trimmed after it. */
  #expected: { readonly sequence: string; readonly sub: number } | undefined;
  #seen = false;
  #ended = false;
  #children: readonly ChildShard[] = [];
  #lagMs: number | undefined;
  /** Set if the position never existed in this shard, so that it is unknown which records were already read. */
  #invalid: MessagingError | undefined;

  constructor(options: ShardReaderOptions) {
    this.#options = options;
    const { from } = options;
    if (typeof from === "object" && "sequence" in from)
      this.#expected = { sequence: from.sequence, sub: from.sub ?? Number.POSITIVE_INFINITY };
    this.#feed = options.open(from);
  }

  /** `lagMs` of the last read. Undefined before the first read. */
  get lagMs(): number | undefined {
    return this.#lagMs;
  }

  /** When Kinesis accepted the oldest record that was read and not handed out. Undefined if there is none, or Kinesis does not say. */
  get waitingSince(): number | undefined {
    return this.#buffer.peek()?.at;
  }

  /** True if, by the last read, everything in the shard was handed out. */
  get atTip(): boolean {
    return this.#lagMs === 0 && this.#buffer.size === 0 && this.#batch === undefined;
  }

  /** True if everything was handed out and no more will come. */
  get ended(): boolean {
    return this.#ended && this.#buffer.size === 0;
  }

  get children(): readonly ChildShard[] {
    return this.#children;
  }

  async next(max: number, waitMs: number, signal: AbortSignal): Promise<readonly ShardMessage[]> {
    const { runtime } = this.#options;
    const until = runtime.monotonic() + waitMs;
    if (this.#invalid !== undefined) throw this.#invalid;
    while (this.#buffer.size === 0 && !this.#ended && !signal.aborted) {
      this.#batch ??= await this.#feed.read(max, until, signal);
      if (this.#batch === undefined) break;
      this.#unpack(this.#batch);
    }
    return this.take(max);
  }

  /** Returns up to `max` of the messages that were already read. */
  take(max: number): readonly ShardMessage[] {
    const items: ShardMessage[] = [];
    for (let left = Math.min(max, this.#buffer.size); left > 0; left--)
      items.push(this.#buffer.shift() as ShardMessage);
    return items;
  }

  /** Takes back messages that {@link take} returned and that could not be handed out. They come first the next time. */
  putBack(items: readonly ShardMessage[]): void {
    for (const item of items.toReversed()) this.#buffer.unshift(item);
  }

  close(): void {
    this.#feed.close();
  }

  readonly #add = (item: ShardMessage): void => {
    if (!this.#settled(item)) this.#buffer.push(item);
  };

  /**
   * Fills the buffer with the messages of a batch. A record that cannot be unpacked stays the next one: the messages before it are
   * handed out, and reading fails at it until it can be unpacked. Skipping it would move the group's position past it.
   */
  #unpack(batch: Batch): void {
    const { records } = batch;
    this.#lagMs = batch.lagMs ?? this.#lagMs;
    try {
      for (; this.#unpacked < records.length; this.#unpacked++)
        unpack(records[this.#unpacked] as KinesisRecord, this.#add, this.#options.md5);
    } catch (cause) {
      if (this.#buffer.size === 0 || cause === this.#invalid) throw cause;
      return;
    }
    this.#batch = undefined;
    this.#unpacked = 0;
    if (batch.end !== true) return;
    // No record came at the stored position, so all records that were left are past retention.
    if (this.#expected !== undefined && !this.#seen && batch.gone !== true) this.#trimmed(this.#expected.sequence);
    this.#expected = undefined;
    this.#ended = true;
    this.#children = batch.children ?? [];
  }

  /** Whether a message is before the start. */
  #settled(item: ShardMessage): boolean {
    const expected = this.#expected;
    if (expected === undefined) return false;
    const order = compareDigits(item.sequence, expected.sequence);
    if (order < 0) throw (this.#invalid = this.#beyond(item.sequence, expected.sequence));
    this.#seen ||= order === 0;
    if (order === 0 && item.sub <= expected.sub) return true;
    this.#expected = undefined;
    if (!this.#seen) this.#trimmed(expected.sequence);
    return false;
  }

  #trimmed(sequence: string): void {
    this.#options.positionLost(
      new MessagingError(
        "position-trimmed",
        `${this.#options.shard}: the record at the stored position ${sequence} is past retention, and so may be records after it that this group never read; reading continues at the oldest record left`,
        { kind: "permanent" },
      ),
    );
  }

  /** Checks a record against the start. Kinesis returns records before the start only if it does not know that position. */
  #beyond(sequence: string, expected: string): MessagingError {
    return new MessagingError(
      "position-invalid",
      `${this.#options.shard} has no position ${expected}: its newest record, ${sequence}, is before it; the checkpoint belongs to another stream, or was written by hand: move the group with replay()`,
      { kind: "config" },
    );
  }
}
