import type { Delivery, Lease, Outcome, Runtime, Settlement } from "@switchyard/core/driver";
import { Deque } from "@switchyard/core/driver-kit";
import { Arrivals } from "./arrivals.ts";
import type { Channel } from "./channel.ts";
import type { AmqpMessage } from "./client.ts";
import { AmqpFault, lostLease } from "./faults.ts";
import type { Link } from "./link.ts";
import type { Parking } from "./parking.ts";
import { type Receipt, Unsettled } from "./unsettled.ts";
import { fromAmqp } from "./wire.ts";

/** After so many copies that were not accepted, the message goes back at once rather than never. */
const MOST_PARKS = 8;
const FORWARD_RETRY_MS = 1_000;

export interface QueueLeaseOptions {
  readonly queue: string;
  readonly link: Link;
  readonly prefetch: number;
  readonly runtime: Runtime;
  readonly consumerTimeoutMs: number;
  /** Absent: order is kept. Nothing goes back by itself then, but all of the channel together. */
  readonly parking: Parking | undefined;
  readonly consumerArguments: Readonly<Record<string, unknown>>;
}

/**
 * One consumer of one queue, on a channel of its own. What core gives back on an ordered queue stays unsettled until
 * everything handed out is settled; then the channel is closed, and the broker has it all again in its old order.
 */
export class QueueLease implements Lease<Receipt> {
  readonly id: string;
  readonly lost: AbortSignal;
  readonly #options: QueueLeaseOptions;
  readonly #lost = new AbortController();
  #channel: Channel | undefined;
  #buffer = new Deque<Delivery<Receipt>>();
  readonly #unsettled = new Unsettled();
  readonly #arrivals: Arrivals;
  #returning = false;
  #restarting: Promise<void> | undefined;
  #released = false;
  /** On a queue with a single active consumer: whether that is this one, as far as is known. */
  #active = false;
  #forwarding = 0;

  constructor(options: QueueLeaseOptions) {
    this.id = options.queue;
    this.lost = this.#lost.signal;
    this.#options = options;
    this.#arrivals = new Arrivals(options.runtime);
  }

  get active(): boolean {
    return this.#active;
  }

  /** Delivered here and not yet settled, handed out or not. */
  get held(): number {
    return this.#buffer.size + this.#unsettled.out + this.#forwarding;
  }

  get idle(): boolean {
    return this.held === 0;
  }

  async open(signal: AbortSignal | undefined): Promise<void> {
    const { queue, link, prefetch, consumerArguments } = this.#options;
    const channel = await link.channel(false, signal);
    this.#channel = channel;
    try {
      const { consumerCount } = await channel.rpc((raw) => raw.checkQueue(queue), signal);
      this.#active = consumerCount === 0;
      await channel.rpc((raw) => raw.prefetch(prefetch), signal);
      const arrived = (message: AmqpMessage | null) => this.#arrived(channel, message);
      await channel.rpc((raw) => raw.consume(queue, arrived, { noAck: false, arguments: consumerArguments }), signal);
    } catch (error) {
      await channel.close();
      throw error;
    }
    // Given up while it was opened: another partition's opening failed.
    if (this.#released) return channel.close();
    const over = () => this.#over(channel);
    if (channel.over.aborted) over();
    else channel.over.addEventListener("abort", over, { once: true });
  }

  #over(channel: Channel): void {
    if (this.#channel === channel && this.#restarting === undefined && !this.#released) this.fail(channel.over.reason);
  }

  fail(cause: unknown): void {
    if (this.#lost.signal.aborted) return;
    this.#lost.abort(cause);
    this.#forget();
    this.#arrivals.wake();
    void this.#channel?.close();
  }

  #forget(): void {
    this.#buffer = new Deque();
    this.#unsettled.clear();
  }

  #arrived(channel: Channel, message: AmqpMessage | null): void {
    if (this.#channel !== channel || this.#lost.signal.aborted) return;
    if (message === null) {
      this.fail(
        new AmqpFault(
          "retryable",
          "consumer-cancelled",
          `the broker cancelled the consumer of "${this.id}": its queue was deleted or moved`,
        ),
      );
      return;
    }
    this.#active = true;
    const { parking, runtime, consumerTimeoutMs } = this.#options;
    const received = fromAmqp(message, parking === undefined);
    const { attempts } = received;
    const receipt: Receipt = { channel, message, attempts, parked: 0, out: false };
    this.#unsettled.arrived(receipt);
    if (received.leftMs > 0 && parking !== undefined) {
      void this.#forward(receipt, parking, received.leftMs);
      return;
    }
    const attempt = attempts + (received.returned ?? (message.fields.redelivered === true ? 1 : 0)) + 1;
    this.#buffer.push({
      id: received.id ?? runtime.uuid(),
      message: received.message,
      receipt,
      raw: message,
      attempt,
      deadline: runtime.monotonic() + consumerTimeoutMs,
    });
    this.#arrivals.wake();
  }

  /** Here too early: on to the next delay queue, before anybody sees it. */
  async #forward(receipt: Receipt, parking: Parking, leftMs: number): Promise<void> {
    const { channel, message, attempts } = receipt;
    this.#forwarding++;
    try {
      while (!channel.over.aborted && !this.#released) {
        try {
          await parking.park(message, this.id, leftMs, attempts, channel.over);
          if (channel.over.aborted) return;
          channel.raw.ack(message);
          this.#unsettled.settled(receipt);
          return;
        } catch {
          await this.#options.runtime.sleep(FORWARD_RETRY_MS, channel.over);
        }
      }
    } finally {
      this.#forwarding--;
    }
  }

  async receive(max: number, waitMs: number, signal: AbortSignal): Promise<readonly Delivery<Receipt>[]> {
    const { runtime } = this.#options;
    const until = runtime.monotonic() + waitMs;
    for (;;) {
      if (this.#lost.signal.aborted) throw this.#lost.signal.reason;
      if (this.#released || signal.aborted) return [];
      if (this.#buffer.size > 0 && !this.#returning) return this.#take(max);
      const left = until - runtime.monotonic();
      if (left <= 0) return [];
      await this.#arrivals.next(left, signal);
    }
  }

  #take(max: number): readonly Delivery<Receipt>[] {
    const taken: Delivery<Receipt>[] = [];
    while (taken.length < max && this.#buffer.size > 0) {
      const delivery = this.#buffer.shift() as Delivery<Receipt>;
      this.#unsettled.handOut(delivery.receipt);
      taken.push(delivery);
    }
    return taken;
  }

  async settle(batch: readonly Settlement<Receipt>[], signal: AbortSignal): Promise<readonly Outcome[]> {
    const acks = new Set<Receipt>();
    const outcomes = batch.map((settlement) => this.#settle(settlement, acks, signal));
    const failed = this.#ack(acks);
    const settled: Outcome[] = [];
    for (const [at, outcome] of outcomes.entries()) {
      const { receipt } = batch[at]!;
      const unwritten = failed !== undefined && receipt.out && acks.has(receipt);
      settled.push(unwritten ? failed : outcome instanceof Promise ? await outcome : outcome);
    }
    this.#restartIfReturned();
    return settled;
  }

  /** What is to be acknowledged goes into `acks`. */
  #settle(settlement: Settlement<Receipt>, acks: Set<Receipt>, signal: AbortSignal): Outcome | Promise<Outcome> {
    const { receipt, action } = settlement;
    const { channel, message } = receipt;
    // A tag of an earlier channel would settle another message of this one.
    if (channel !== this.#channel || channel.over.aborted || this.#lost.signal.aborted || !receipt.out) {
      return { cause: lostLease() };
    }
    if (action === "ack") {
      acks.add(receipt);
      return undefined;
    }
    if (this.#options.parking === undefined) {
      this.#unsettled.keep(receipt);
      this.#returning = true;
      return undefined;
    }
    if (action === "retry" && settlement.delayMs > 0)
      return this.#park(receipt, settlement.delayMs, settlement.attempt, signal);
    return this.#write(receipt, () => {
      // RabbitMQ 4.3: a reject counts as a failure, a nack does not.
      if (action === "retry") channel.raw.reject(message, true);
      else channel.raw.nack(message, false, true);
    });
  }

  #ack(acks: ReadonlySet<Receipt>): Outcome {
    try {
      this.#unsettled.ack(acks);
      return undefined;
    } catch (cause) {
      return { cause: this.#channel!.over.aborted ? lostLease() : cause };
    }
  }

  #write(receipt: Receipt, write: () => void): Outcome {
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
    try {
      await this.#options.parking!.park(message, this.id, delayMs, attempt, AbortSignal.any([signal, channel.over]));
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

  /** Asks for the partition to be given to another member; what is handed out is settled first. */
  stepDown(): void {
    this.#returning = true;
    this.#restartIfReturned();
  }

  #restartIfReturned(): void {
    if (!this.#returning || this.#unsettled.out > 0 || this.#released || this.#lost.signal.aborted) return;
    this.#restarting ??= this.#restart();
  }

  async #restart(): Promise<void> {
    try {
      await this.#channel?.close();
      this.#forget();
      if (this.#released || this.#lost.signal.aborted) return;
      await this.open(undefined);
      this.#returning = false;
      this.#arrivals.wake();
    } catch (error) {
      this.#restarting = undefined;
      this.fail(error);
    } finally {
      this.#restarting = undefined;
    }
    // It may have ended, or been given back, meanwhile.
    if (this.#channel?.over.aborted === true && !this.#released) this.fail(this.#channel.over.reason);
    if (this.#released) await this.#channel?.close();
  }

  /** The group has no other member. */
  alone(): void {
    this.#active = true;
  }

  /** Closing the channel gives back, in order, what is unsettled. */
  async release(): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    this.#arrivals.wake();
    await this.#restarting;
    await this.#channel?.close();
    this.#forget();
  }
}
