import type { Outcome, Settlement } from "@switchyard/core/driver";
import { AmqpFault, lostLease } from "./faults.ts";
import type { BrokerRetry } from "./broker-retry.ts";
import type { Parking } from "./parking.ts";
import type { Receipt, Unsettled } from "./unsettled.ts";

/** After so many copies that were not accepted, the message goes back at once rather than never. */
const MOST_PARKS = 8;

export interface SettlerOptions {
  readonly queue: string;
  readonly parking: Parking | undefined;
  /** Absent: the broker delays nothing by itself. */
  readonly brokerRetry: BrokerRetry | undefined;
}

/** How the broker is told what became of a message. */
export class Settler {
  readonly #options: SettlerOptions;
  readonly #unsettled: Unsettled;

  constructor(options: SettlerOptions, unsettled: Unsettled) {
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
    if (action === "retry" && settlement.delayMs > 0 && !this.#brokerDelays(receipt, settlement.delayMs))
      return this.#park(receipt, settlement.delayMs, settlement.attempt, signal);
    return this.#write(receipt, () => {
      // RabbitMQ 4.3: a reject counts as a failure and is delayed where the queue says so; a nack is neither.
      if (action === "retry") channel.raw.reject(message, true);
      else channel.raw.nack(message, false, true);
    });
  }

  /** Its time is over: the broker has it again. Where the channel throws it has it anyway. */
  giveUp(receipt: Receipt): void {
    this.#write(receipt, () => receipt.channel.raw.nack(receipt.message, false, true));
  }

  #brokerDelays({ returned }: Receipt, delayMs: number): boolean {
    return this.#options.brokerRetry?.fits(delayMs, returned + 1) === true;
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

  async #park(receipt: Receipt, delayMs: number, attempt: number, signal: AbortSignal): Promise<Outcome> {
    const { channel, message } = receipt;
    const { parking, queue } = this.#options;
    try {
      await parking!.park(message, queue, delayMs, attempt, AbortSignal.any([signal, channel.over]));
    } catch (cause) {
      if (channel.over.aborted) return { cause: lostLease() };
      if (++receipt.parked < MOST_PARKS)
        return {
          cause: new AmqpFault("retryable", "not-parked", "the copy for a delayed retry was not accepted", cause),
        };
      this.#write(receipt, () => channel.raw.nack(message, false, true));
      return {
        cause: new AmqpFault(
          "lost",
          "not-parked",
          "no copy for a delayed retry was accepted; the message comes again at once",
          cause,
        ),
      };
    }
    return this.#write(receipt, () => channel.raw.ack(message));
  }
}
