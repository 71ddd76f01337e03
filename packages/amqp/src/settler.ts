import type { Outcome, Settlement } from "@switchyard/core/driver";
import type { Channel } from "./channel.ts";
import type { AmqpMessage } from "./client.ts";
import { AmqpFault, lostLease } from "./faults.ts";
import type { BrokerRetry } from "./broker-retry.ts";
import type { Parking } from "./parking.ts";

/** Worth something on the channel it came by, and nowhere else. */
export interface Receipt {
  readonly channel: Channel;
  readonly message: AmqpMessage;
  readonly attempts: number;
  /** Times the broker has had it back. */
  readonly returned: number;
  /** Times its copy for a delayed retry was not accepted. */
  parked: number;
}

/** After so many copies that were not accepted, the message goes back at once rather than never. */
const MOST_PARKS = 8;

export interface SettlerOptions {
  readonly queue: string;
  readonly parking: Parking | undefined;
  /** Absent: the broker delays nothing by itself. */
  readonly brokerRetry: BrokerRetry | undefined;
}

/** What is handed out, and how the broker is told what became of it. */
export class Settler {
  readonly #options: SettlerOptions;
  readonly #out = new Set<Receipt>();

  constructor(options: SettlerOptions) {
    this.#options = options;
  }

  /** Handed out and not settled. */
  get out(): number {
    return this.#out.size;
  }

  handOut(receipt: Receipt): void {
    this.#out.add(receipt);
  }

  has(receipt: Receipt): boolean {
    return this.#out.has(receipt);
  }

  /** Settled without a word to the broker: all of the channel goes back together. */
  keep(receipt: Receipt): void {
    this.#out.delete(receipt);
  }

  clear(): void {
    this.#out.clear();
  }

  settle(settlement: Settlement<Receipt>, signal: AbortSignal): Outcome | Promise<Outcome> {
    const { receipt, action } = settlement;
    const { channel, message } = receipt;
    if (action === "retry" && settlement.delayMs > 0 && !this.#brokerDelays(receipt, settlement.delayMs))
      return this.#park(receipt, settlement.delayMs, settlement.attempt, signal);
    return this.#write(receipt, () => {
      if (action === "ack") channel.raw.ack(message);
      // RabbitMQ 4.3: a reject counts as a failure and is delayed where the queue says so; a nack is neither.
      else if (action === "retry") channel.raw.reject(message, true);
      else channel.raw.nack(message, false, true);
    });
  }

  #brokerDelays({ returned }: Receipt, delayMs: number): boolean {
    return this.#options.brokerRetry?.fits(delayMs, returned + 1) === true;
  }

  #write(receipt: Receipt, write: () => void): Outcome {
    try {
      write();
      this.#out.delete(receipt);
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
