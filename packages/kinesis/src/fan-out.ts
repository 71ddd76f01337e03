import type { Runtime } from "@switchyard/core/driver";
import { within } from "@switchyard/core/driver-kit";
import type { Checkpoint } from "@switchyard/leases";
import type { Call, IteratorType, ShardEvent } from "./sdk.ts";
import { isNamed, RecordError } from "./errors.ts";
import { RESUBSCRIBE_MS, SECOND } from "./limits.ts";
import { iteratorAt } from "./positions.ts";
import type { Batch, Feed } from "./shard-reader.ts";

export interface FanOutOptions {
  readonly consumerArn: string;
  readonly shard: string;
  readonly from: Checkpoint;
  readonly subscribe: Call;
  readonly runtime: Runtime;
  /** See {@link PollingOptions.unknown}. */
  readonly unknown: (cause: unknown, at: IteratorType) => Promise<Batch>;
  /** Whether the last listing shows the shard as closed. Its rest and its end can then be read by polling. */
  readonly closed: () => boolean;
  /** Continues from there by polling. */
  readonly poll: (at: IteratorType) => Feed;
  /** Called when another reader uses the same consumer name, with what it did to this reader. Called with undefined when that has ended. */
  readonly taken?: (what: string | undefined) => void;
}

/** Kinesis ends a subscription after five minutes. One that lasts less than this was ended by something else. */
const EARLY_MS = 290 * SECOND;
/** A subscription that lasts this long shows that no other reader uses the name. */
const STEADY_MS = 30 * SECOND;

/**
 * Reads by SubscribeToShard. Events are pushed for five minutes; then it subscribes again from where they ended. At most one event
 * is held: the next one stays in the connection, whose flow control stops the sender.
 */
export class FanOut implements Feed {
  readonly #options: FanOutOptions;
  #at: IteratorType;
  /** After the last record read. `#at` comes from Kinesis and need not be the number of any record. */
  #read: IteratorType;
  #events: AsyncIterator<ShardEvent> | undefined;
  #next: Promise<IteratorResult<ShardEvent>> | undefined;
  /** The earliest time of the next call. */
  #notBefore = 0;
  /** When the current subscription began. */
  #began = 0;
  readonly #cut = new AbortController();
  #rest: Feed | undefined;
  /** True if the last subscription ended earlier than Kinesis would end it. */
  #endedEarly = false;
  /** When subscriptions began to be refused. */
  #refusedSince: number | undefined;
  #taken = false;

  constructor(options: FanOutOptions) {
    this.#options = options;
    this.#at = iteratorAt(options.from);
    this.#read = this.#at;
  }

  async read(max: number, until: number, signal: AbortSignal): Promise<Batch | undefined> {
    const { runtime } = this.#options;
    for (;;) {
      if (this.#rest !== undefined) return this.#rest.read(max, until, signal);
      if (this.#events === undefined) {
        const failed = await this.#subscribe(until, signal);
        if (failed !== undefined) return failed;
        if (this.#events === undefined) {
          if (signal.aborted || runtime.monotonic() >= until) return undefined;
          continue;
        }
      }
      const got = await this.#event(until, signal);
      if (got === undefined) return undefined;
      const batch = this.#batch(got);
      if (batch !== undefined) return batch;
    }
  }

  close(): void {
    this.#isTaken(undefined);
    this.#cut.abort();
    this.#rest?.close();
    void this.#events?.return?.().catch(() => {});
    this.#events = undefined;
  }

  /** Returns a batch only if Kinesis does not know the shard. Undefined if it subscribed, or the time is over. */
  async #subscribe(until: number, signal: AbortSignal): Promise<Batch | undefined> {
    const { runtime, subscribe, consumerArn, shard, unknown } = this.#options;
    while (runtime.monotonic() < this.#notBefore) {
      const left = until - runtime.monotonic();
      if (left <= 0 || signal.aborted) return undefined;
      await runtime.sleep(Math.min(this.#notBefore - runtime.monotonic(), left), signal);
    }
    if (signal.aborted) return undefined;
    const began = runtime.monotonic();
    const at = this.#at;
    try {
      const { EventStream } = await subscribe(
        "SubscribeToShard",
        { ConsumerARN: consumerArn, ShardId: shard, StartingPosition: startingPosition(at) },
        this.#cut.signal,
      );
      this.#events = EventStream?.[Symbol.asyncIterator]();
      this.#began = began;
      this.#refusedSince = undefined;
    } catch (cause) {
      if (isNamed(cause, "ResourceNotFoundException")) return unknown(cause, at);
      if (isNamed(cause, "InvalidArgumentException") && at.ShardIteratorType === "AT_TIMESTAMP") {
        this.#at = { ShardIteratorType: "LATEST" };
        return undefined;
      }
      if (isNamed(cause, "InvalidArgumentException")) return unknown(cause, at);
      if (!isNamed(cause, "ResourceInUseException")) throw cause;
      this.#refused(began);
      // Another subscription was made within the last five seconds. After these the shard is free. One call a second is allowed.
      this.#notBefore = began + SECOND;
    }
    return undefined;
  }

  /** Keeps the event it waits for, so that an abort loses nothing. */
  async #event(until: number, signal: AbortSignal): Promise<IteratorResult<ShardEvent> | undefined> {
    const { runtime } = this.#options;
    const next = (this.#next ??= this.#events!.next());
    try {
      const first = await within(runtime, until - runtime.monotonic(), next, signal);
      if (first !== undefined) this.#next = undefined;
      return first;
    } catch (cause) {
      this.#next = undefined;
      this.#over();
      throw cause;
    }
  }

  /** Call it when a subscription is refused. For five seconds this may be because of a predecessor's subscription. */
  #refused(at: number): void {
    this.#refusedSince ??= at;
    if (this.#endedEarly) this.#isTaken("has taken the subscription over");
    else if (at - this.#refusedSince > RESUBSCRIBE_MS + SECOND) this.#isTaken("refuses the subscription");
  }

  #isTaken(what: string | undefined): void {
    if (this.#taken === (what !== undefined)) return;
    this.#taken = what !== undefined;
    this.#options.taken?.(what);
  }

  #over(): void {
    this.#endedEarly = this.#options.runtime.monotonic() - this.#began < EARLY_MS;
    this.#events = undefined;
    // Kinesis refuses a new subscription within five seconds of the last one.
    this.#notBefore = this.#began + RESUBSCRIBE_MS;
  }

  #batch({ value, done }: IteratorResult<ShardEvent>): Batch | undefined {
    if (done === true) {
      this.#over();
      return undefined;
    }
    const event = (value as ShardEvent).SubscribeToShardEvent;
    if (event === undefined) {
      this.#over();
      if (Object.hasOwn(value as object, "ResourceInUseException")) {
        this.#isTaken("has taken the subscription over");
        return undefined;
      }
      const cause = Object.values(value as object).find((each): each is Error => each instanceof Error);
      throw cause ?? new RecordError("UnknownEvent", "an event of a kind unknown here");
    }
    if (this.#taken && this.#options.runtime.monotonic() - this.#began >= STEADY_MS) this.#isTaken(undefined);
    const records = event.Records ?? [];
    const children = event.ChildShards ?? [];
    const ended = children.length > 0 || event.ContinuationSequenceNumber === undefined;
    const last = records.at(-1)?.SequenceNumber;
    if (last !== undefined) this.#read = { ShardIteratorType: "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber: last };
    if (event.ContinuationSequenceNumber !== undefined)
      this.#at = {
        ShardIteratorType: "AFTER_SEQUENCE_NUMBER",
        StartingSequenceNumber: event.ContinuationSequenceNumber,
      };
    if (ended) this.close();
    else if (records.length === 0 && this.#options.closed()) {
      this.close();
      this.#rest = this.#options.poll(this.#read);
      return undefined;
    }
    return { records, lagMs: event.MillisBehindLatest, ...(ended ? { end: true, children } : {}) };
  }
}

function startingPosition(at: IteratorType) {
  return {
    Type: at.ShardIteratorType,
    ...("StartingSequenceNumber" in at ? { SequenceNumber: at.StartingSequenceNumber } : {}),
    ...("Timestamp" in at ? { Timestamp: at.Timestamp } : {}),
  };
}
