import type { Delivery, DriverEvent, Lease, Outcome, Runtime, Settlement } from "@switchyard/core/driver";
import { Arrivals } from "./arrivals.ts";
import type { BrokerRetry } from "../retry/broker-retry.ts";
import type { Channel } from "../client/channel.ts";
import { Consumers } from "./consumers.ts";
import type { AmqpMessage } from "../sdk.ts";
import type { FastPaths } from "../fast-paths.ts";
import { AmqpFault, lostLease } from "../errors.ts";
import { MAX_PREFETCH } from "../limits.ts";
import type { Link } from "../client/link.ts";
import type { DelayedRedelivery } from "./delayed-redelivery.ts";
import { Acknowledger } from "./acknowledger.ts";
import { type Receipt, Unsettled } from "./unsettled.ts";
import { fromAmqp, type Received } from "../message.ts";

/** A message is returned when a twentieth of its time is left. At the end of its time the broker would close the whole channel. */
const LAST_PART = 20;

export interface QueueLeaseOptions {
  readonly queue: string;
  readonly link: Link;
  /** The most messages held here. {@link QueueLease.limit} changes it. */
  readonly prefetch: number;
  readonly runtime: Runtime;
  readonly fast: FastPaths | undefined;
  readonly consumerTimeoutMs: number;
  /** Absent if order is kept. Then no message is returned alone; all messages of the channel are returned together. */
  readonly redelivery: DelayedRedelivery | undefined;
  readonly brokerRetry: BrokerRetry | undefined;
  /** How often a message may be returned to the queue. After one more return the broker may move it to the dead letters. */
  readonly safeReturns: () => number;
  readonly report: (event: DriverEvent) => void;
  readonly consumerArguments: Readonly<Record<string, unknown>>;
  /** Sees the key of each message. Absent if order is not kept. */
  readonly checkKey: ((key: string | undefined) => void) | undefined;
}

/**
 * Consumes one queue, on a channel of its own. On an ordered queue a message that core returns stays unsettled until everything that core
 * has is settled. Then the channel is closed, which returns the messages to the broker in their old order.
 */
export class QueueLease implements Lease<Receipt> {
  readonly id: string;
  readonly lost: AbortSignal;
  readonly #options: QueueLeaseOptions;
  readonly #lost = new AbortController();
  #channel: Channel | undefined;
  readonly #arrivals: Arrivals<Delivery<Receipt>>;
  readonly #unsettled = new Unsettled();
  readonly #acknowledger: Acknowledger;
  #returning = false;
  #restarting: Promise<void> | undefined;
  #released = false;
  /** On a queue with a single active consumer: true if this consumer is the active one, as far as is known. */
  #active = false;
  #consumers: Consumers | undefined;
  /** The most messages held here. */
  #most: number;
  /** The timer for the message whose time ends first. */
  #expiry: Disposable | undefined;

  constructor(options: QueueLeaseOptions) {
    this.id = options.queue;
    this.lost = this.#lost.signal;
    this.#options = options;
    this.#most = options.prefetch;
    this.#arrivals = new Arrivals(options.runtime);
    this.#acknowledger = new Acknowledger(options, this.#unsettled);
  }

  get active(): boolean {
    return this.#active;
  }

  /** How many messages are delivered here and not yet settled, whether core has them, does not have them yet, or has returned them. */
  get held(): number {
    return this.#unsettled.size;
  }

  /** How many of the queue's consumers are this lease's. */
  get consumers(): number {
    return this.#consumers?.count ?? 0;
  }

  async open(signal: AbortSignal | undefined): Promise<void> {
    const { queue, link, consumerArguments } = this.#options;
    const channel = await link.channel(false, signal);
    this.#channel = channel;
    try {
      const { consumerCount } = await channel.rpc((raw) => raw.checkQueue(queue), signal);
      this.#active = consumerCount === 0;
      const arrived = (message: AmqpMessage | null) => {
        try {
          this.#arrived(channel, message);
        } catch (error) {
          // amqplib would ignore the error. The message would belong to no one, and would be acknowledged with the next one.
          this.fail(error);
        }
      };
      this.#consumers = new Consumers(channel, this.#most, {
        queue,
        consumerArguments,
        arrived,
        unsettled: () => this.#unsettled.tags(),
        giveBackBeyond: (most) => this.#giveBackBeyond(most),
      });
      await this.#consumers.begin(signal);
    } catch (error) {
      await channel.close();
      throw error;
    }
    // It was released while it was opened, because another partition could not be opened.
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
    this.#warnOfLimit();
    this.#lost.abort(cause);
    this.#forget();
    this.#arrivals.wake();
    void this.#channel?.close();
  }

  /** Warns of messages that this return may move to the dead letters, because each return counts against the queue's limit. */
  #warnOfLimit(goesBack: Iterable<Receipt> = this.#unsettled): void {
    const { report } = this.#options;
    const safeReturns = this.#options.safeReturns();
    const most: Receipt[] = [];
    for (const receipt of goesBack) if (receipt.returned >= safeReturns) most.push(receipt);
    if (most.length === 0) return;
    const named = most.slice(0, 5).map(nameOf);
    const text = `${most.length === 1 ? "a message" : `${most.length} messages`} of "${this.id}" came back to the broker ${safeReturns + 1} times or more, and it may have moved them to the dead-letter queue by its own limit (x-delivery-limit): ${named.join(", ")}${most.length > 5 ? ", ..." : ""}`;
    report({ type: "warning", id: this.id, cause: new AmqpFault("permanent", "delivery-limit", text) });
  }

  /** Warns of a message that is returned again and again. Its copy starts a new count, so no limit ends this. */
  #warnOfReturns(receipt: Receipt): void {
    const { report, consumerTimeoutMs } = this.#options;
    const text = `a message of "${this.id}" came back to the broker ${receipt.returned + 1} times without a failed attempt: its handler takes longer than consumerTimeout (${consumerTimeoutMs / 1_000} s), or processes end while they hold it; it stays in the queue: ${nameOf(receipt)}`;
    report({ type: "warning", id: this.id, cause: new AmqpFault("permanent", "returned-often", text) });
  }

  #arrived(channel: Channel, message: AmqpMessage | null): void {
    if (this.#channel !== channel || this.#lost.signal.aborted) return;
    if (message === null) {
      this.fail(
        new AmqpFault(
          "retryable",
          "consumer-cancelled",
          `the broker cancelled the consumer of "${this.id}": its queue was deleted or moved, or a message held for longer than consumer_timeout`,
        ),
      );
      return;
    }
    this.#active = true;
    const { redelivery, brokerRetry, runtime, fast, consumerTimeoutMs, checkKey } = this.#options;
    const received = fromAmqp(message, redelivery === undefined, fast);
    checkKey?.(received.message.key);
    const early = received.leftMs > 0 && redelivery !== undefined;
    const deadline = early ? Number.POSITIVE_INFINITY : runtime.monotonic() + consumerTimeoutMs;
    const returned = received.returned ?? 0;
    // Only failures count, and each leaves a copy with their number. The broker also counts other returns: a release, a lost
    // connection, a process that died.
    const failures = received.attempts + (brokerRetry === undefined ? 0 : returned);
    const receipt: Receipt = { channel, message, failures, returned, out: false, deadline };
    this.#unsettled.arrived(receipt);
    if (early) return void this.#forward(receipt, redelivery, received);
    if (this.#expiry === undefined) this.#watch(deadline);
    this.#arrivals.push({
      id: received.id || runtime.uuid(),
      // Another producer may have given the same id to several messages.
      unique: received.message.headers["ce"] === undefined ? false : undefined,
      message: received.message,
      receipt,
      raw: message,
      // There are no copies of an ordered message, so core counts its failures.
      attempt: redelivery === undefined ? undefined : failures + 1,
      deadline,
    });
  }

  /** Messages expire in the order in which they arrived, so one timer is enough. It is not touched when a message is settled. */
  #watch(deadline: number): void {
    const { runtime, consumerTimeoutMs } = this.#options;
    const wait = deadline - consumerTimeoutMs / LAST_PART - runtime.monotonic();
    this.#expiry = runtime.timer(Math.max(wait, 0), () => this.#expire());
  }

  /**
   * Returns messages whose time is over. On an ordered queue they are returned with the channel, once the rest is settled. Core returns
   * its own messages before that time, so these waited here. They would fill the prefetch until the channel ends.
   */
  #expire(): void {
    this.#expiry = undefined;
    const { runtime, consumerTimeoutMs, redelivery } = this.#options;
    const over = runtime.monotonic() + consumerTimeoutMs / LAST_PART;
    const expired: Receipt[] = [];
    for (const receipt of this.#unsettled) {
      if (receipt.deadline === Number.POSITIVE_INFINITY) continue;
      if (receipt.deadline > over) {
        this.#watch(receipt.deadline);
        break;
      }
      expired.push(receipt);
    }
    if (expired.length === 0 || this.#lost.signal.aborted || this.#released) return;
    this.#warnOfLimit(expired);
    const gone = new Set(expired);
    this.#arrivals.keepOnly(({ receipt }) => !gone.has(receipt));
    for (const receipt of expired) {
      if (redelivery !== undefined) this.#acknowledger.giveUp(receipt);
      else this.#unsettled.keep(receipt);
    }
    if (redelivery !== undefined) return this.#consumers?.settledSome();
    this.#returning = true;
    this.#restartIfReturned();
  }

  async #forward(receipt: Receipt, redelivery: DelayedRedelivery, { leftMs, attempts }: Received): Promise<void> {
    if (await redelivery.forward(receipt, this.id, leftMs, attempts, () => this.#released))
      this.#unsettled.settled(receipt);
    this.#consumers?.settledSome();
  }

  async receive(max: number, waitMs: number, signal: AbortSignal): Promise<readonly Delivery<Receipt>[]> {
    const { runtime } = this.#options;
    const until = runtime.monotonic() + waitMs;
    for (;;) {
      if (this.#lost.signal.aborted) throw this.#lost.signal.reason;
      if (this.#released || signal.aborted) return [];
      if (this.#arrivals.size > 0 && !this.#returning) return this.#take(max);
      const left = until - runtime.monotonic();
      if (left <= 0) return [];
      await this.#arrivals.next(left, signal);
    }
  }

  #take(max: number): readonly Delivery<Receipt>[] {
    const taken = this.#arrivals.take(max);
    for (const { receipt } of taken) this.#unsettled.handOut(receipt);
    return taken;
  }

  async settle(batch: readonly Settlement<Receipt>[], signal: AbortSignal): Promise<readonly Outcome[]> {
    const acks = new Set<Receipt>();
    const outcomes = batch.map((settlement) => this.#settle(settlement, acks, signal));
    const failed = this.#acknowledger.ack(acks);
    const settled: Outcome[] = [];
    for (const [at, outcome] of outcomes.entries()) {
      const { receipt } = batch[at]!;
      const unwritten = failed !== undefined && receipt.out && acks.has(receipt);
      settled.push(unwritten ? failed : outcome instanceof Promise ? await outcome : outcome);
    }
    this.#restartIfReturned();
    this.#consumers?.settledSome();
    return settled;
  }

  /** Adds messages that are to be acknowledged to `acks`. */
  #settle(settlement: Settlement<Receipt>, acks: Set<Receipt>, signal: AbortSignal): Outcome | Promise<Outcome> {
    const { receipt, action } = settlement;
    const { channel } = receipt;
    // A tag of an earlier channel would settle another message of this one.
    if (channel !== this.#channel || channel.over.aborted || this.#lost.signal.aborted || !receipt.out) {
      return { cause: lostLease() };
    }
    if (action === "ack") {
      acks.add(receipt);
      return undefined;
    }
    if (this.#options.redelivery !== undefined) {
      if (action === "release" && settlement.delayMs === undefined && receipt.returned >= this.#options.safeReturns())
        this.#warnOfReturns(receipt);
      return this.#acknowledger.giveBack(settlement, signal);
    }
    this.#unsettled.keep(receipt);
    this.#returning = true;
    return undefined;
  }

  /**
   * An ordered queue has only one active consumer, so its prefetch changes only with its channel. For a lower limit the channel is reopened
   * as soon as core has settled what it has. A higher limit waits until the channel is reopened for another reason.
   */
  limit(most: number): void {
    this.#most = Math.min(most, MAX_PREFETCH);
    if (this.#consumers === undefined) return;
    if (this.#options.redelivery !== undefined) this.#consumers.limit(this.#most);
    else if (this.#most < this.#consumers.allowed) this.stepDown();
  }

  #giveBackBeyond(most: number): void {
    let kept = Math.max(0, this.#arrivals.size - (this.held - most));
    const back: Receipt[] = [];
    this.#arrivals.keepOnly(({ receipt }) => {
      if (kept-- > 0) return true;
      back.push(receipt);
      return false;
    });
    for (const receipt of back) void this.#giveBackUnseen(receipt);
  }

  async #giveBackUnseen(receipt: Receipt): Promise<void> {
    await this.#acknowledger.giveBack({ receipt, action: "release" }, receipt.channel.over);
    this.#consumers?.settledSome();
  }

  /** Gives the partition to another member, after core has settled what it has. */
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
      this.#warnOfLimit();
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
    // The channel may have ended, or the lease been released, meanwhile.
    if (this.#channel?.over.aborted === true && !this.#released) this.fail(this.#channel.over.reason);
    if (this.#released) await this.#channel?.close();
  }

  /** Call it when the group has no other member. */
  alone(): void {
    this.#active = true;
  }

  /** Closes the channel, which returns the unsettled messages in order. */
  async release(): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    this.#warnOfLimit();
    this.#arrivals.wake();
    await this.#restarting;
    await this.#channel?.close();
    this.#forget();
  }

  #forget(): void {
    this.#expiry?.[Symbol.dispose]();
    this.#expiry = undefined;
    this.#arrivals.clear();
    this.#unsettled.clear();
  }
}

/** The id of a message, quoted and clipped, because a producer may have chosen it. */
const nameOf = ({ message }: Receipt): string =>
  JSON.stringify((message.properties.messageId || "(no id)").slice(0, 100));
