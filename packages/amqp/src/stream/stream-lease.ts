import type { Delivery, DriverEvent, Lease, Outcome, Runtime, Settlement } from "@switchyard/core/driver";
import { anySignal, isMessagingError } from "@switchyard/core/driver-kit";
import type { HeldShard } from "@switchyard/leases";
import type { FastPaths } from "../fast-paths.ts";
import type { Channel } from "../client/channel.ts";
import type { AmqpMessage } from "../sdk.ts";
import { Arrivals } from "../receive/arrivals.ts";
import { AmqpFault } from "../errors.ts";
import type { Link } from "../client/link.ts";
import { fromAmqp, type Received } from "../message.ts";
import { positionOf } from "./start-position.ts";

export interface StreamReceipt {
  readonly offset: number;
}

export interface StreamLeaseOptions {
  readonly shard: HeldShard;
  /** The number of the partition. */
  readonly number: number;
  readonly link: Link;
  readonly prefetch: number;
  readonly runtime: Runtime;
  readonly fast: FastPaths | undefined;
  /** Aborts when the receiver closes. */
  readonly closing: AbortSignal;
  readonly report: (event: DriverEvent) => void;
  readonly released: () => void;
}

/**
 * Reads one partition for its holder. The lease outlives the channel: after a lost connection, reading continues after the last record that
 * core got. On a stream `ack` is the only settlement, and it only gives credit for more records. For `nack`, `noAck` or `get` the broker
 * would close the whole connection, so this class never sends them.
 */
export class StreamLease implements Lease<StreamReceipt> {
  readonly id: string;
  readonly fencingToken: number;
  readonly lost: AbortSignal;
  readonly #options: StreamLeaseOptions;
  #channel: Channel | undefined;
  #opening: Promise<void> | undefined;
  readonly #arrivals: Arrivals<{ readonly message: AmqpMessage; readonly channel: Channel }>;
  /** The offset of the next record for core. Undefined: it depends on the checkpoint's start. */
  #next: number | undefined;
  #first = true;
  #expected: number | undefined;
  #released = false;

  constructor(options: StreamLeaseOptions) {
    const { shard } = options;
    this.id = shard.id;
    this.fencingToken = shard.fencingToken;
    this.lost = shard.lost;
    this.#options = options;
    this.#arrivals = new Arrivals(options.runtime);
    const { from } = shard;
    if (typeof from === "object" && "sequence" in from) this.#next = Number(from.sequence) + 1;
    const wake = () => this.#arrivals.wake();
    shard.lost.addEventListener("abort", wake, { once: true });
    shard.asked.addEventListener("abort", wake, { once: true });
    shard.lost.addEventListener("abort", () => void this.#channel?.close(), { once: true });
  }

  async receive(max: number, waitMs: number, signal: AbortSignal): Promise<readonly Delivery<StreamReceipt>[] | null> {
    const { runtime, shard, closing } = this.#options;
    const until = runtime.monotonic() + waitMs;
    for (;;) {
      if (shard.lost.aborted || shard.asked.aborted) return null;
      if (signal.aborted || closing.aborted || this.#released) return [];
      if (this.#channel === undefined || this.#channel.over.aborted) await this.#open(signal);
      const taken = this.#take(max);
      if (taken.length > 0) return taken;
      const left = until - runtime.monotonic();
      if (left <= 0) return [];
      await this.#wait(left, signal);
    }
  }

  async #wait(ms: number, signal: AbortSignal): Promise<void> {
    using over = anySignal(signal, this.#options.closing);
    await this.#arrivals.next(ms, over.signal);
  }

  async #open(signal: AbortSignal): Promise<void> {
    this.#opening ??= this.#subscribe().finally(() => {
      this.#opening = undefined;
    });
    using over = anySignal(signal);
    await Promise.race([this.#opening, over.aborted]);
  }

  async #subscribe(): Promise<void> {
    const { link, prefetch, closing } = this.#options;
    const channel = await link.channel(false, closing);
    this.#arrivals.clear();
    this.#expected = this.#next;
    try {
      await channel.rpc((raw) => raw.prefetch(prefetch), closing);
      const arrived = (message: AmqpMessage | null) => this.#arrived(channel, message);
      const options = { noAck: false, arguments: { "x-stream-offset": this.#offset() } };
      this.#channel = channel;
      await channel.rpc((raw) => raw.consume(this.id, arrived, options), closing);
      channel.over.addEventListener("abort", () => this.#arrivals.wake(), { once: true });
      if (this.#released || this.lost.aborted) await channel.close();
    } catch (error) {
      await channel.close();
      throw error;
    }
  }

  /** The offset in the broker's form. A time is in whole seconds, and means the chunk that it falls in. */
  #offset(): unknown {
    if (this.#next !== undefined) return this.#next;
    const { from } = this.#options.shard;
    if (typeof from === "object" && "time" in from) return { "!": "timestamp", value: Math.floor(from.time / 1_000) };
    return "first";
  }

  #arrived(channel: Channel, message: AmqpMessage | null): void {
    if (this.#channel !== channel) return;
    if (message === null) {
      channel.end(
        new AmqpFault("retryable", "consumer-cancelled", `the broker cancelled the consumer of "${this.id}"`),
      );
      this.#arrivals.wake();
    } else this.#arrivals.push({ message, channel });
  }

  #take(max: number): readonly Delivery<StreamReceipt>[] {
    const taken: Delivery<StreamReceipt>[] = [];
    for (let next = this.#arrivals.peek(); next !== undefined && taken.length < max; next = this.#arrivals.peek()) {
      const { message, channel } = next;
      if (channel.over.aborted) break;
      let received: Received;
      try {
        received = fromAmqp(message, true, this.#options.fast);
      } catch (cause) {
        // It stays the next record. Otherwise the group's position would pass a record that was never delivered.
        if (taken.length > 0) return taken;
        throw cause;
      }
      this.#arrivals.shift();
      // Credit for one more record. Progress is in the checkpoint.
      channel.raw.ack(message);
      const offset = received.offset;
      // The broker sends a chunk from its beginning.
      if (offset === undefined || (this.#next !== undefined && offset < this.#next)) continue;
      this.#notice(offset);
      this.#next = offset + 1;
      const { tenures } = this.#options.shard;
      taken.push({
        id: received.id ?? `${this.id}:${offset}`,
        message: received.message,
        receipt: { offset },
        raw: message,
        position: positionOf(this.#options.number, offset),
        ...(this.#first ? { attempt: tenures } : {}),
      });
      this.#first = false;
    }
    return taken;
  }

  /** Reports records that retention removed before the group read them. */
  #notice(offset: number): void {
    const expected = this.#expected;
    this.#expected = undefined;
    if (expected === undefined || offset <= expected) return;
    const cause = new AmqpFault(
      "permanent",
      "position-trimmed",
      `${offset - expected} records of ${this.id} were past retention before this group read them`,
    );
    this.#options.report({ type: "position-lost", id: this.id, cause });
  }

  async settle(batch: readonly Settlement<StreamReceipt>[]): Promise<readonly Outcome[]> {
    const { shard } = this.#options;
    return Promise.all(
      batch.map(async ({ action, receipt }): Promise<Outcome> => {
        if (action !== "ack")
          return {
            cause: new AmqpFault(
              "permanent",
              "cannot-return",
              "a message cannot be returned to a stream; retry in place",
            ),
          };
        try {
          await shard.checkpoint({ sequence: String(receipt.offset) });
          return undefined;
        } catch (cause) {
          const lost = isMessagingError(cause) && cause.code === "lease-lost";
          return { cause: lost ? new AmqpFault("lost", "lease-lost", cause.message, cause) : cause };
        }
      }),
    );
  }

  async release(): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    this.#arrivals.wake();
    await this.#channel?.close();
    await this.#options.shard.release();
    this.#options.released();
  }

  /** Stops reading, and leaves the lease to expire. */
  abandon(): void {
    this.#released = true;
    this.#arrivals.wake();
    void this.#channel?.close();
  }
}
