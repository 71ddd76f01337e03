import type { Lease, Outcome, Settlement } from "@switchyard/core/driver";
import { MessagingError } from "@switchyard/core/driver-kit";
import type { PushedGroup } from "@switchyard/core/push";
import { fromEventRecord } from "@switchyard/sns/push";
import { ALL_DONE, answerOf } from "./answer.ts";
import type { SourceEvent } from "./event.ts";
import { type Handled, isDone } from "./handled.ts";

/** Handles events of a group's queue. */
export class QueueEvents {
  readonly #group: PushedGroup;
  /** The mapping reads the answer. Otherwise it deletes every message unless the function fails. */
  readonly #report: boolean;
  #settling: Promise<Pick<Lease, "settle">> | undefined;

  constructor(group: PushedGroup, report: boolean) {
    this.#group = group;
    this.#report = report;
  }

  /** `exits`: the process ends if a handler has not ended in time, and nothing of the answer arrives. */
  async handle(
    { arn, records }: Extract<SourceEvent, { from: "queue" }>,
    answerAt: number,
    exits: boolean,
  ): Promise<Handled> {
    const { from } = this.#group.context.plan;
    const deliveries = records.map((record) => fromEventRecord(record, from));
    const settle = (batch: readonly Settlement[], signal: AbortSignal) => this.#settle(batch, signal);
    const id = arn.slice(arn.lastIndexOf(":") + 1);
    const result = await this.#group.handle({ id, deliveries, settle }, answerAt);
    const failed = new Set(deliveries.flatMap(({ id: one }, at) => (isDone(result.verdicts[at]!) ? [] : [one])));
    if (failed.size === 0) return { ...result, answer: ALL_DONE };
    const answer = answerOf(failed);
    const leaves = exits && result.abandoned.length > 0;
    if (this.#report && !leaves) return { ...result, answer };
    await this.#delete(deliveries.filter(({ id: one }) => !failed.has(one)).map(({ receipt }) => receipt));
    return { ...result, answer, failed: partly(failed.size, deliveries.length, from.group ?? "", from.channel) };
  }

  /** Deletes what is done. What cannot be deleted comes again, which is better than that something is lost. */
  async #delete(receipts: readonly string[]): Promise<void> {
    const acks = receipts.map((receipt): Settlement => ({ receipt, action: "ack" }));
    const outcomes = await this.#settle(acks, new AbortController().signal).catch((cause: unknown) => [{ cause }]);
    const failure = outcomes.find((outcome) => outcome !== undefined);
    if (failure !== undefined) this.#warn(failure.cause);
  }

  #warn(cause: unknown): void {
    const { context } = this.#group;
    const { code, kind } = context.connection.classify(cause, "settle");
    const text = `messages that are done could not be deleted from "${context.physicalName}", so they come again`;
    this.#group.emit({
      type: "warning",
      level: "warn",
      error: new MessagingError(code, text, { kind: kind === "lost" ? "retryable" : kind, cause }),
    });
  }

  /** A connection that stood still while the sandbox was frozen may be dead: the first call that finds it so is made again. */
  async #settle(batch: readonly Settlement[], signal: AbortSignal): Promise<readonly Outcome[]> {
    // An event for a broker in memory was made by hand.
    if (batch.length === 0 || this.#group.adapter.name === "memory") return batch.map(() => undefined);
    const lease = await this.#lease(signal);
    const outcomes = await settleOnce(lease, batch, signal);
    const { connection } = this.#group.context;
    const again = outcomes.flatMap((outcome, at) =>
      outcome !== undefined && passes(connection, outcome.cause) ? [at] : [],
    );
    if (again.length === 0) return outcomes;
    const second = await settleOnce(
      lease,
      again.map((at) => batch[at]!),
      signal,
    );
    const all = [...outcomes];
    for (const [at, place] of again.entries()) all[place] = second[at];
    return all;
  }

  /** The lease of a receiver of the queue, which never receives. It is opened once, when a message must be settled before the answer. */
  async #lease(signal: AbortSignal): Promise<Pick<Lease, "settle">> {
    this.#settling ??= this.#open(signal);
    try {
      return await this.#settling;
    } catch (cause) {
      this.#settling = undefined;
      throw cause;
    }
  }

  async #open(signal: AbortSignal): Promise<Pick<Lease, "settle">> {
    const receiver = await this.#group.open(signal);
    for await (const lease of receiver.leases(new AbortController().signal)) return lease;
    throw new MessagingError("closed", "the queue's receiver is closed", { kind: "closed" });
  }
}

function passes({ classify }: PushedGroup["context"]["connection"], cause: unknown): boolean {
  const { kind } = classify(cause, "settle");
  return kind === "retryable" || kind === "ambiguous";
}

/** Never rejects: one outcome for each settlement. */
async function settleOnce(
  lease: Pick<Lease, "settle">,
  batch: readonly Settlement[],
  signal: AbortSignal,
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  for (let at = 0; at < batch.length; at += MAX_BATCH) {
    const part = batch.slice(at, at + MAX_BATCH);
    const settled = await lease.settle(part, signal).catch((cause: unknown) => part.map(() => ({ cause })));
    outcomes.push(...settled);
  }
  return outcomes;
}

/** The most entries of a call to SQS. */
const MAX_BATCH = 10;

function partly(failed: number, all: number, group: string, channel: string): MessagingError {
  const text = `${failed} of ${all} messages for group "${group}" of "${channel}" must come again; the others are deleted. Set FunctionResponseTypes: [ReportBatchItemFailures] on the event source mapping and native.lambda.answer: report, so that this is no error`;
  return new MessagingError("batch-failed", text, { kind: "retryable", channel, group });
}
