import type { Runtime } from "@switchyard/core/driver";
import { Deque, MessagingError } from "@switchyard/core/driver-kit";
import type { Checkpoint } from "@switchyard/leases";
import type { ChildShard, KinesisRecord } from "./sdk.ts";
import { compareDigits } from "./positions.ts";
import type { Md5 } from "./md5.ts";
import { type ShardMessage, unpack } from "./message.ts";

/** What one read of a shard brought. */
export interface Batch {
  readonly records: readonly KinesisRecord[];
  /** How far behind the shard's newest record the reader is. */
  readonly lagMs: number | undefined;
  /** The shard's end: no records follow. */
  readonly end?: boolean;
  readonly children?: readonly ChildShard[];
  /** The whole shard is past retention, and that was reported. */
  readonly gone?: boolean;
}

/** Polling or enhanced fan-out: each read continues where the last one ended. */
export interface Feed {
  /** Some records, though there may be more than `max`, by `until` (monotonic); undefined when that passed, or on abort. Nothing is lost by an abort. */
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
  /** The position never was: nothing that comes can be told from what was read. */
  #invalid: MessagingError | undefined;

  constructor(options: ShardReaderOptions) {
    this.#options = options;
    const { from } = options;
    if (typeof from === "object" && "sequence" in from)
      this.#expected = { sequence: from.sequence, sub: from.sub ?? Number.POSITIVE_INFINITY };
    this.#feed = options.open(from);
  }

  /** Of the last read; undefined before it. */
  get lagMs(): number | undefined {
    return this.#lagMs;
  }

  /** When Kinesis accepted the oldest one that was read and not handed out; undefined where there is none, or it does not say. */
  get waitingSince(): number | undefined {
    return this.#buffer.peek()?.at;
  }

  /** Nothing is left in the shard beyond what was handed out, as of the last read. */
  get atTip(): boolean {
    return this.#lagMs === 0 && this.#buffer.size === 0 && this.#batch === undefined;
  }

  /** Everything was handed out, and there will be no more. */
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

  /** What was read already. */
  take(max: number): readonly ShardMessage[] {
    const items: ShardMessage[] = [];
    for (let left = Math.min(max, this.#buffer.size); left > 0; left--)
      items.push(this.#buffer.shift() as ShardMessage);
    return items;
  }

  /** Takes back what {@link take} gave and could not be handed out. It comes first the next time. */
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
    // Nothing came that showed where reading stands: all that was left is gone.
    if (this.#expected !== undefined && !this.#seen && batch.gone !== true) this.#trimmed(this.#expected.sequence);
    this.#expected = undefined;
    this.#ended = true;
    this.#children = batch.children ?? [];
  }

  /** Is it before the start? */
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
        `${this.#options.shard}: the record at the stored position ${sequence} is past retention, and so may be records after it that this group never read; reading goes on at the oldest that is kept`,
        { kind: "permanent" },
      ),
    );
  }

  /** Kinesis never gives what is before the start; a start it did not know yet gives what came before it. */
  #beyond(sequence: string, expected: string): MessagingError {
    return new MessagingError(
      "position-invalid",
      `${this.#options.shard} has no position ${expected}: its newest record, ${sequence}, is before it; the checkpoint is of another stream, or was written by hand: move the group with replay()`,
      { kind: "config" },
    );
  }
}
