import type { Delivery, Settlement } from "@switchyard/core/driver";
import { MessagingError } from "@switchyard/core/driver-kit";
import type { EventResult, PushedGroup } from "@switchyard/core/push";
import {
  type AttemptRow,
  type AttemptStore,
  attemptStore,
  fromEventRecord,
  type PushedReceipt,
  shardOf,
} from "@switchyard/kinesis/push";
import { ALL_DONE, answerOf } from "./answer.ts";
import type { SourceEvent } from "./event.ts";
import { type Handled, isDone } from "./handled.ts";
import { outlasts } from "./outlasts.ts";
import { type Source, streamOptions } from "./source.ts";

type Record = Delivery<PushedReceipt>;

/**
 * Handles events of a stream. The answer is the first record that is not done: everything from there comes again.
 *
 * Events do not say how often a record came. So a row for each shard remembers the record that blocks it: its attempts, when the next is
 * due, and how often it was begun without an end. A record that ended too many processes is parked, so that the shard goes on.
 */
export class StreamEvents {
  readonly #group: PushedGroup;
  readonly #source: Source;
  readonly #opening: Promise<AttemptStore> | undefined;

  constructor(source: Source, marginMs: number) {
    this.#group = source.group;
    this.#source = source;
    const { plan } = source.group.context;
    const { timeoutMs, parallelization } = source.settings;
    const lastsMs = timeoutMs === undefined ? 0 : timeoutMs - marginMs;
    // With several invocations of a shard at once there is no one record that blocks it.
    const needed = parallelization === 1 && outlasts(plan.policy, lastsMs);
    const options = source.group.adapter.name === "memory" ? IN_MEMORY : streamOptions(source.group);
    this.#opening = needed ? attemptStore(plan.from, options) : undefined;
    this.#opening?.catch(() => undefined);
  }

  async handle({ records }: Extract<SourceEvent, { from: "stream" }>, answerAt: number): Promise<Handled> {
    const { from } = this.#group.context.plan;
    const shard = shardOf(records[0]!);
    const deliveries = records.flatMap((record) => fromEventRecord(record, from.ordered));
    if (this.#source.settings.parallelization > 1 && deliveries.length > records.length) throw aggregated(from.channel);
    const store = await this.#opening;
    const work = new Work(this.#group, shard, deliveries, store, this.#source.settings.report);
    const result = await work.handle(answerAt);
    const first = result.verdicts.findIndex((verdict) => !isDone(verdict));
    if (first < 0) return { ...result, answer: ALL_DONE };
    const { sequence } = deliveries[first]!.receipt;
    const answer = answerOf([sequence]);
    if (this.#source.settings.report) return { ...result, answer };
    const text = `the records of ${shard} from ${sequence} on must come again. Set FunctionResponseTypes: [ReportBatchItemFailures] on the event source mapping and native.lambda.answer: report, so that those before it do not`;
    const failed = new MessagingError("batch-failed", text, { kind: "retryable", channel: from.channel });
    return { ...result, answer, failed };
  }
}

const IN_MEMORY = { leases: { store: "memory" } } as const;

/** One event of a shard. */
class Work {
  readonly #group: PushedGroup;
  readonly #shard: string;
  readonly #deliveries: readonly Record[];
  readonly #store: AttemptStore | undefined;
  /** The next event begins with the first record that is not done. */
  readonly #reports: boolean;
  readonly #signal = new AbortController().signal;

  constructor(
    group: PushedGroup,
    shard: string,
    deliveries: readonly Record[],
    store: AttemptStore | undefined,
    reports: boolean,
  ) {
    this.#group = group;
    this.#shard = shard;
    this.#deliveries = deliveries;
    this.#store = store;
    this.#reports = reports;
  }

  async handle(answerAt: number): Promise<EventResult> {
    const row = await this.#known();
    const settled = row === undefined ? 0 : this.#deliveries.findIndex((one) => isAt(row, one));
    const rest = this.#deliveries.slice(settled);
    const blocked = rest[0]!;
    if (row !== undefined && !(await this.#due(row, answerAt))) return this.#nothing(settled);
    if (row !== undefined && row.attempts > 0)
      this.#group.context.attempts.failed(blocked.id, {
        attempts: row.attempts,
        firstAt: row.firstAt,
        attempted: true,
      });
    const crashes = row?.begun ?? 0;
    await this.#begin(blocked, row);
    // The engine condemns a record whose holders ended too often without getting past it.
    const deliveries = crashes === 0 ? rest : [{ ...blocked, attempt: crashes + 1 }, ...rest.slice(1)];
    const settle = async (batch: readonly Settlement<PushedReceipt>[]) => {
      const last = rest.findIndex(({ receipt }) => receipt === batch.at(-1)?.receipt);
      const next = rest[last + 1];
      if (next !== undefined) await this.#begin(next, undefined);
      return batch.map(() => undefined);
    };
    const event = { id: this.#shard, deliveries, alone: crashes > 0, ...(this.#store === undefined ? {} : { settle }) };
    const result = await this.#group.handle(event, answerAt);
    await this.#end(rest, result, row);
    const before = this.#deliveries.slice(0, settled).map(() => "ack" as const);
    return { ...result, verdicts: [...before, ...result.verdicts] };
  }

  /** The row, if it is about this event: a batch that comes again begins with the same record. */
  async #known(): Promise<AttemptRow | undefined> {
    const row = await this.#store?.load(this.#shard, this.#signal);
    const [first] = this.#deliveries;
    if (row === undefined || first === undefined || row.from !== first.receipt.sequence) return undefined;
    return this.#deliveries.some((one) => isAt(row, one)) ? row : undefined;
  }

  /**
   * Waits until the next attempt is due. False if that is after the answer. It waits even then: each answer uses up one of the mapping's
   * retries.
   */
  async #due({ notBefore }: AttemptRow, answerAt: number): Promise<boolean> {
    const { runtime } = this.#group.context;
    const waitMs = notBefore - runtime.now();
    const leftMs = answerAt - runtime.monotonic();
    if (waitMs > 0) await runtime.sleep(Math.max(Math.min(waitMs, leftMs), 0));
    return waitMs < leftMs;
  }

  #nothing(settled: number): EventResult {
    return {
      verdicts: this.#deliveries.map((_, at) => (at < settled ? "ack" : "released")),
      abandoned: [],
      due: new Map(),
    };
  }

  /** Notes that a record is about to be handled. What this process does then may end it. */
  async #begin(at: Record, row: AttemptRow | undefined): Promise<void> {
    const from = this.#deliveries[0]!.receipt.sequence;
    const { attempts = 0, firstAt = 0, notBefore = 0, begun = 0 } = row ?? {};
    await this.#store?.save(
      this.#shard,
      { from, ...at.receipt, attempts, firstAt, notBefore, begun: begun + 1 },
      this.#signal,
    );
  }

  async #end(
    rest: readonly Record[],
    { verdicts, due, abandoned }: EventResult,
    row: AttemptRow | undefined,
  ): Promise<void> {
    const first = verdicts.findIndex((verdict) => !isDone(verdict));
    const blocking = rest[first];
    if (blocking === undefined) return this.#store?.save(this.#shard, undefined, this.#signal);
    const known = this.#group.context.attempts.get(blocking.id);
    const same = row !== undefined && first === 0;
    const ran = abandoned.some(({ id }) => id === blocking.id);
    const next: AttemptRow = {
      from: this.#reports ? blocking.receipt.sequence : this.#deliveries[0]!.receipt.sequence,
      ...blocking.receipt,
      attempts: known?.attempts ?? 0,
      firstAt: known?.firstAt ?? 0,
      notBefore: due.get(blocking.id) ?? 0,
      // A handler that did not end in time was begun without an end.
      begun: ran ? (same ? row.begun : 0) + 1 : 0,
    };
    await this.#store?.save(this.#shard, next, this.#signal);
  }
}

const isAt = ({ sequence, sub }: AttemptRow, { receipt }: Record): boolean =>
  receipt.sequence === sequence && receipt.sub === sub;

function aggregated(channel: string): MessagingError {
  const text = `a producer of "${channel}" aggregates records, and the mapping has a ParallelizationFactor above 1, which divides them by the key of the outer record; set it to 1`;
  return new MessagingError("aggregated-records", text, { kind: "config", channel });
}
