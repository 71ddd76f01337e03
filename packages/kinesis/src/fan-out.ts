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
  /** As {@link PollingOptions.unknown}. */
  readonly unknown: (cause: unknown, at: IteratorType) => Promise<Batch>;
  /** The listing shows the shard closed: what is left of it, and its end, can be read by polling. */
  readonly closed: () => boolean;
  /** Reads on from there by polling. */
  readonly poll: (at: IteratorType) => Feed;
  /** Another subscribes to the shard under the same consumer name: what it does to this one. Undefined: no longer. Default: nobody is told. */
  readonly taken?: (what: string | undefined) => void;
}

/** Kinesis ends a subscription after five minutes; one that ended sooner than this was ended. */
const EARLY_MS = 290 * SECOND;
/** A subscription that lasts this long is not shared. */
const STEADY_MS = 30 * SECOND;

/**
 * SubscribeToShard: events are pushed for five minutes, then it is called again from where they ended. One event is held at
 * most: the next is not taken from the connection before, and its flow control stops the sender.
 */
export class FanOut implements Feed {
  readonly #options: FanOutOptions;
  #at: IteratorType;
  /** As `#at`, by records alone: what Kinesis says of where it goes on may be no record's number. */
  #read: IteratorType;
  #events: AsyncIterator<ShardEvent> | undefined;
  #next: Promise<IteratorResult<ShardEvent>> | undefined;
  /** No call before then. */
  #notBefore = 0;
  /** When the subscription that runs began. */
  #began = 0;
  readonly #cut = new AbortController();
  #rest: Feed | undefined;
  /** The last subscription ended sooner than Kinesis ends one. */
  #endedEarly = false;
  /** Since when every subscription is refused. */
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

  /** A batch: the shard is unknown. Nothing: subscribed, or the time is over. */
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
      // Somebody has subscribed within the last five seconds: after those it is ours. One call a second is allowed.
      this.#notBefore = began + SECOND;
    }
    return undefined;
  }

  /** An event that is being waited for is kept: an abort loses nothing. */
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

  /** A predecessor's subscription refuses this one for five seconds. */
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
    // One that ended sooner than five seconds after it began would be refused now.
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
