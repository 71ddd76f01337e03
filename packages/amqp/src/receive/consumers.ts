import type { Channel } from "../client/channel.ts";
import type { AmqpMessage } from "../sdk.ts";

export interface ConsumersOptions {
  readonly queue: string;
  readonly consumerArguments: Readonly<Record<string, unknown>>;
  readonly arrived: (message: AmqpMessage | null) => void;
  /** The consumer tags of all messages that are unsettled on the channel. */
  readonly unsettled: () => Iterable<string | undefined>;
  /** Gives back messages not yet handed to core, until at most `most` are held. */
  readonly giveBackBeyond: (most: number) => void;
}

/**
 * The consumers of one queue on one channel, whose prefetches together limit what is held here.
 *
 * RabbitMQ fixes a consumer's prefetch when the consumer begins: a later `basic.qos` is for new consumers only, and quorum queues take no
 * limit for a whole channel. So the limit is raised by one more consumer, and lowered by cancelling all but one. What cancelled
 * consumers have brought stays on the channel until it is settled, and counts. One consumer always stays, with a prefetch of 1: a queue
 * may be declared to delete itself with its last. Until the rest is settled one message more than the limit may be held for it.
 */
export class Consumers {
  readonly #channel: Channel;
  readonly #options: ConsumersOptions;
  /** The prefetch of each, by tag. */
  readonly #live = new Map<string, number>();
  #most: number;
  #adjusting = false;
  #again = false;
  #short = false;

  constructor(channel: Channel, most: number, options: ConsumersOptions) {
    this.#channel = channel;
    this.#most = most;
    this.#options = options;
  }

  /** The most that the consumers of now may bring. */
  get allowed(): number {
    let sum = 0;
    for (const prefetch of this.#live.values()) sum += prefetch;
    return sum;
  }

  begin(signal: AbortSignal | undefined): Promise<void> {
    return this.#add(this.#most, signal);
  }

  limit(most: number): void {
    this.#most = most;
    this.#adjust();
  }

  /** Something was settled or given back: there may be room for a consumer that there was no room for. */
  settledSome(): void {
    if (this.#short) this.#adjust();
  }

  /** Never rejects: where a call fails the channel is over, which whoever has it notices. */
  #adjust(): void {
    this.#again = true;
    if (this.#adjusting) return;
    this.#adjusting = true;
    void this.#adjustAll()
      .catch((error: unknown) => this.#channel.end(error))
      .finally(() => {
        this.#adjusting = false;
        if (this.#again && !this.#channel.over.aborted) this.#adjust();
      });
  }

  async #adjustAll(): Promise<void> {
    while (this.#again && !this.#channel.over.aborted) {
      this.#again = false;
      const most = this.#most;
      if (this.allowed > most) await this.#cut(most);
      const left = this.#leftover();
      const room = most - this.allowed - left;
      this.#short = left > 0;
      // Not a consumer for every message that is settled; the last of them makes the limit whole.
      if (room > 0 && (left === 0 || room > this.allowed / 2)) await this.#add(room, undefined);
    }
  }

  /** Leaves one consumer, of one message. */
  async #cut(most: number): Promise<void> {
    const tags = [...this.#live].filter(([, prefetch]) => prefetch > 1).map(([tag]) => tag);
    if (tags.length === this.#live.size) await this.#add(1, undefined);
    for (const tag of tags) {
      await this.#channel.rpc((raw) => raw.cancel(tag));
      this.#live.delete(tag);
    }
    // The broker has answered, so all that these consumers bring is here.
    this.#options.giveBackBeyond(most - 1);
  }

  /** Unsettled messages of cancelled consumers. */
  #leftover(): number {
    let count = 0;
    for (const tag of this.#options.unsettled()) if (tag === undefined || !this.#live.has(tag)) count++;
    return count;
  }

  async #add(prefetch: number, signal: AbortSignal | undefined): Promise<void> {
    const { queue, arrived, consumerArguments } = this.#options;
    // 0 would mean no limit.
    await this.#channel.rpc((raw) => raw.prefetch(Math.max(prefetch, 1)), signal);
    const consume = { noAck: false, arguments: consumerArguments };
    const { consumerTag } = await this.#channel.rpc((raw) => raw.consume(queue, arrived, consume), signal);
    this.#live.set(consumerTag, prefetch);
  }
}
