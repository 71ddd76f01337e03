import type { Runtime } from "@switchyard/core/driver";
import { within } from "@switchyard/core/driver-kit";
import type { Call, IteratorType, StreamRef } from "./sdk.ts";
import { isNamed } from "./errors.ts";
import { ITERATOR_MS, READ_RECORDS, SECOND } from "./limits.ts";
import type { Pace } from "./options.ts";
import type { Batch, Feed } from "./shard-reader.ts";

/** The most records GetRecords can be asked for. */
const MOST = 10_000;
/** Reserved of an iterator's five minutes, so that the call itself can arrive. */
const ITERATOR_MARGIN_MS = 30 * SECOND;

export interface PollingOptions {
  readonly ref: StreamRef;
  readonly shard: string;
  /** Where reading starts. */
  readonly at: IteratorType;
  readonly call: Call;
  readonly pace: Pace;
  /** The most records of one read. Default: at least {@link READ_RECORDS}, which a group needs to keep up. */
  readonly most?: number;
  readonly runtime: Runtime;
  /** Called when Kinesis does not know the shard or the position. */
  readonly unknown: (cause: unknown, at: IteratorType) => Promise<Batch>;
}

type Polled = { readonly batch: Batch | undefined } | { readonly cause: unknown };

/**
 * Reads by GetRecords, within a shard's quota: every `everyMs` while there are more records. While nothing comes it reads less and less
 * often, down to once in `idleMs`. A shard that is over its quota, because others poll it too, is not read for at least a second.
 */
export class Polling implements Feed {
  readonly #options: PollingOptions;
  #iterator: { readonly token: string; readonly until: number } | undefined;
  /** Where a new iterator begins: the start, then after the last record read. */
  #at: IteratorType;
  #idleMs: number;
  #notBefore = 0;
  #throttled = 0;
  /** The last poll, until its result is handed on. */
  #polling: Promise<Polled> | undefined;
  readonly #cut = new AbortController();

  constructor(options: PollingOptions) {
    this.#options = options;
    this.#at = options.at;
    this.#idleMs = options.pace.everyMs;
  }

  async read(max: number, until: number, signal: AbortSignal): Promise<Batch | undefined> {
    const { runtime } = this.#options;
    for (;;) {
      const left = until - runtime.monotonic();
      if (signal.aborted || left < 0) return undefined;
      const rest = this.#notBefore - runtime.monotonic();
      if (this.#polling === undefined && rest > 0) {
        await runtime.sleep(Math.min(rest, left), signal);
        if (rest >= left) return undefined;
        continue;
      }
      this.#polling ??= this.#poll(max).then(
        (batch) => ({ batch }),
        (cause: unknown) => ({ cause }),
      );
      const polled = await within(runtime, left, this.#polling, signal);
      // The poll is kept until its result can be handed on, because the iterator moves on and never returns the records again.
      if (polled === undefined) return undefined;
      this.#polling = undefined;
      if ("cause" in polled) throw polled.cause;
      const { batch } = polled;
      if (batch !== undefined && (batch.records.length > 0 || batch.end === true)) return batch;
    }
  }

  /** Gets the first iterator, so that what comes from now on is read. */
  async begin(signal: AbortSignal): Promise<void> {
    await this.#token(signal);
  }

  close(): void {
    this.#cut.abort();
  }

  /** Undefined if it returned nothing. */
  async #poll(max: number): Promise<Batch | undefined> {
    const { signal } = this.#cut;
    const { runtime, pace, call, ref, most } = this.#options;
    const began = runtime.monotonic();
    try {
      const token = await this.#token(signal);
      if (typeof token !== "string") return token;
      const got = await call(
        "GetRecords",
        {
          ShardIterator: token,
          Limit: most ?? Math.min(Math.max(max, READ_RECORDS), MOST),
          ...("StreamARN" in ref ? ref : {}),
        },
        signal,
      );
      const records = got.Records ?? [];
      const last = records.at(-1)?.SequenceNumber;
      if (last !== undefined) this.#at = { ShardIteratorType: "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber: last };
      const next = got.NextShardIterator ?? undefined;
      this.#iterator =
        next === undefined ? undefined : { token: next, until: began + ITERATOR_MS - ITERATOR_MARGIN_MS };
      this.#throttled = 0;
      // An empty reply can come while there are records further on. Then there is no reason to wait.
      const more = records.length > 0 || (got.MillisBehindLatest ?? 0) > 0;
      this.#idleMs = more ? pace.everyMs : Math.min(Math.max(this.#idleMs, 1) * 2, pace.idleMs);
      this.#notBefore = began + (more ? pace.everyMs : this.#idleMs);
      const batch = { records, lagMs: got.MillisBehindLatest };
      return next === undefined ? { ...batch, end: true, children: got.ChildShards ?? [] } : batch;
    } catch (cause) {
      return this.#failed(cause);
    }
  }

  async #token(signal: AbortSignal): Promise<string | Batch> {
    const { call, ref, shard, runtime, unknown } = this.#options;
    if (this.#iterator !== undefined && runtime.monotonic() < this.#iterator.until) return this.#iterator.token;
    const at = this.#at;
    const ask = (type: IteratorType) => call("GetShardIterator", { ...ref, ShardId: shard, ...type }, signal);
    let given: { readonly ShardIterator?: string | undefined };
    try {
      given = await ask(at);
    } catch (cause) {
      if (isNamed(cause, "ResourceNotFoundException")) return unknown(cause, at);
      if (!isNamed(cause, "InvalidArgumentException")) throw cause;
      // By Kinesis's clock the time is still to come, so reading starts with what comes from now on.
      if (at.ShardIteratorType !== "AT_TIMESTAMP") return unknown(cause, at);
      given = await ask({ ShardIteratorType: "LATEST" });
    }
    const token = given.ShardIterator ?? "";
    this.#iterator = { token, until: runtime.monotonic() + ITERATOR_MS - ITERATOR_MARGIN_MS };
    return token;
  }

  #failed(cause: unknown): undefined {
    const { runtime } = this.#options;
    if (isNamed(cause, "ExpiredIteratorException")) {
      this.#iterator = undefined;
      return undefined;
    }
    if (!isNamed(cause, "ProvisionedThroughputExceededException")) throw cause;
    this.#throttled = Math.min(this.#throttled + 1, 4);
    const bound = SECOND * 2 ** (this.#throttled - 1);
    this.#notBefore = runtime.monotonic() + SECOND + runtime.random() * bound;
    return undefined;
  }
}
