import type { Outcome, Settlement } from "@switchyard/core/driver";
import { AmqpFault, lostLease } from "../errors.ts";
import type { BrokerRetry } from "../retry/broker-retry.ts";
import type { DelayedRedelivery } from "./delayed-redelivery.ts";
import type { Receipt, Unsettled } from "./unsettled.ts";

export interface AcknowledgerOptions {
  readonly queue: string;
  readonly redelivery: DelayedRedelivery | undefined;
  /** Absent: the broker delays nothing by itself. */
  readonly brokerRetry: BrokerRetry | undefined;
  /** A message may come back to the queue so often; once more, and the broker may move it to the dead letters. */
  readonly safeReturns: () => number;
}

/** How the broker is told what became of a message. */
export class Acknowledger {
  readonly #options: AcknowledgerOptions;
  readonly #unsettled: Unsettled;

  constructor(options: AcknowledgerOptions, unsettled: Unsettled) {
    this.#options = options;
    this.#unsettled = unsettled;
  }

  /** Of messages handed out and not settled. Where the channel throws, what was not written fails; it stays unsettled. */
  ack(receipts: ReadonlySet<Receipt>): Outcome {
    if (receipts.size === 0) return undefined;
    try {
      this.#unsettled.ack(receipts);
      return undefined;
    } catch (cause) {
      const [one] = receipts;
      return { cause: one!.channel.over.aborted ? lostLease() : cause };
    }
  }

  giveBack(settlement: Settlement<Receipt>, signal: AbortSignal): Outcome | Promise<Outcome> {
    const { receipt, action } = settlement;
    const { channel, message } = receipt;
    if (action === "retry" && !this.#brokerRetries(receipt, settlement.delayMs))
      return this.#republish(receipt, settlement.delayMs, settlement.attempt, signal);
    // A copy begins afresh: the broker must not move to the dead letters what nobody failed.
    if (action === "release" && receipt.returned >= this.#options.safeReturns())
      return this.#republish(receipt, 0, receipt.failures, signal);
    return this.#write(receipt, () => {
      // RabbitMQ 4.3: a reject counts as a failure and is delayed as the queue says; a nack is neither.
      if (action === "retry") channel.raw.reject(message, true);
      else channel.raw.nack(message, false, true);
    });
  }

  /** The broker itself counts the failure, and waits as long as asked or somewhat longer. */
  #brokerRetries({ returned }: Receipt, delayMs: number): boolean {
    const { brokerRetry } = this.#options;
    return brokerRetry !== undefined && (delayMs <= 0 || brokerRetry.fits(delayMs, returned + 1));
  }

  /** Its time is over: the broker has it again. Where the channel throws it has it anyway. */
  giveUp(receipt: Receipt): void {
    this.#write(receipt, () => receipt.channel.raw.nack(receipt.message, false, true));
  }

  #write(receipt: Receipt, write: () => void): Outcome {
    // Given back meanwhile: its tag is unknown to the broker now, and naming it would end the channel.
    if (!this.#unsettled.has(receipt)) return { cause: lostLease() };
    try {
      write();
      this.#unsettled.settled(receipt);
      return undefined;
    } catch (cause) {
      return { cause: receipt.channel.over.aborted ? lostLease() : cause };
    }
  }

  async #republish(receipt: Receipt, delayMs: number, attempt: number, signal: AbortSignal): Promise<Outcome> {
    const { channel, message } = receipt;
    const { redelivery, queue } = this.#options;
    try {
      await redelivery!.republish(message, queue, delayMs, attempt, AbortSignal.any([signal, channel.over]));
    } catch (cause) {
      if (channel.over.aborted) return { cause: lostLease() };
      // Core tries again while the hold lasts. To requeue it would bring it early, and count an attempt that nobody made.
      return { cause: new AmqpFault("retryable", "retry-not-stored", "the copy for a retry was not accepted", cause) };
    }
    return this.#write(receipt, () => channel.raw.ack(message));
  }
}
