import type { Outcome, Settlement } from "@switchyard/core/driver";
import { AmqpFault, lostLease } from "../errors.ts";
import type { BrokerRetry } from "../retry/broker-retry.ts";
import type { DelayedRedelivery } from "./delayed-redelivery.ts";
import type { Receipt, Unsettled } from "./unsettled.ts";

export interface AcknowledgerOptions {
  readonly queue: string;
  readonly redelivery: DelayedRedelivery | undefined;
  /** Absent: the broker does not delay retries itself. */
  readonly brokerRetry: BrokerRetry | undefined;
  /** How often a message may be returned to the queue. After one more return the broker may move it to the dead letters. */
  readonly safeReturns: () => number;
}

/** Tells the broker how each message was settled. */
export class Acknowledger {
  readonly #options: AcknowledgerOptions;
  readonly #unsettled: Unsettled;

  constructor(options: AcknowledgerOptions, unsettled: Unsettled) {
    this.#options = options;
    this.#unsettled = unsettled;
  }

  /** Acknowledges messages that core has not settled yet. If the channel throws, those not written yet fail and stay unsettled. */
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
    if (action === "release" && (settlement.delayMs ?? 0) > 0)
      return this.#republish(receipt, settlement.delayMs ?? 0, receipt.failures, signal);
    // A copy starts a new count. Otherwise the broker could move a message to the dead letters that never failed.
    if (action === "release" && receipt.returned >= this.#options.safeReturns())
      return this.#republish(receipt, 0, receipt.failures, signal);
    return this.#write(receipt, () => {
      // In RabbitMQ 4.3 a reject counts as a failure and is delayed as the queue says. A nack does not count and is not delayed.
      if (action === "retry") channel.raw.reject(message, true);
      else channel.raw.nack(message, false, true);
    });
  }

  /** True if the broker can count the failure itself, and its own wait is as long as asked or somewhat longer. */
  #brokerRetries({ returned }: Receipt, delayMs: number): boolean {
    const { brokerRetry } = this.#options;
    return brokerRetry !== undefined && (delayMs <= 0 || brokerRetry.fits(delayMs, returned + 1));
  }

  /** Returns a message whose time is over. If the channel throws, it has ended, and the broker has the message anyway. */
  giveUp(receipt: Receipt): void {
    this.#write(receipt, () => receipt.channel.raw.nack(receipt.message, false, true));
  }

  #write(receipt: Receipt, write: () => void): Outcome {
    // It was returned meanwhile. The broker no longer knows its tag, and would close the channel if we used it.
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
      // Core tries again while the hold lasts. Requeueing would redeliver the message too early, and count an attempt that was not made.
      return { cause: new AmqpFault("retryable", "retry-not-stored", "the copy for a retry was not accepted", cause) };
    }
    return this.#write(receipt, () => channel.raw.ack(message));
  }
}
