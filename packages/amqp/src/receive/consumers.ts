import type { Channel } from "../client/channel.ts";
import type { AmqpMessage } from "../sdk.ts";

export interface ConsumersOptions {
  readonly queue: string;
  readonly consumerArguments: Readonly<Record<string, unknown>>;
  readonly arrived: (message: AmqpMessage | null) => void;
  /** The consumer tags of all messages that are unsettled on the channel. */
  readonly unsettled: () => Iterable<string | undefined>;
  /** Returns messages that core has not got yet, until at most `most` are held. */
  readonly giveBackBeyond: (most: number) => void;
}

/**
 * The consumers of one queue on one channel. Their prefetches together limit how many messages are held here.
 *
 * RabbitMQ fixes a consumer's prefetch when the consumer begins: a later `basic.qos` holds for new consumers only, and quorum queues have
 * no limit for a whole channel. So a further consumer raises the limit, and cancelling all but one lowers it. Messages of cancelled
 * consumers stay on the channel until they are settled, and count. One consumer with a prefetch of 1 always stays, because a queue may
 * delete itself with its last consumer. Until the rest is settled, one message more than the limit may be held for it.
 */
export class Consumers {
  readonly #channel: Channel;
  readonly #options: ConsumersOptions;
  /** The prefetch of each consumer, by tag. */
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

  /** How many the broker counts for this queue and channel. */
  get count(): number {
    return this.#live.size;
  }

  /** The most messages that the present consumers may hold. */
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

  /** Call it when messages were settled or returned: there may now be room for another consumer. */
  settledSome(): void {
    if (this.#short) this.#adjust();
  }

  /** Never rejects. If a call fails, the channel ends, which the lease notices. */
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
      // A consumer is not added for each settled message. The last settled message brings one for the rest of the limit.
      if (room > 0 && (left === 0 || room > this.allowed / 2)) await this.#add(room, undefined);
    }
  }

  /** Leaves one consumer, with a prefetch of 1. */
  async #cut(most: number): Promise<void> {
    const tags = [...this.#live].filter(([, prefetch]) => prefetch > 1).map(([tag]) => tag);
    if (tags.length === this.#live.size) await this.#add(1, undefined);
    for (const tag of tags) {
      await this.#channel.rpc((raw) => raw.cancel(tag));
      this.#live.delete(tag);
    }
    // The broker has answered, so all messages of these consumers are here.
    this.#options.giveBackBeyond(most - 1);
  }

  /** The number of unsettled messages of cancelled consumers. */
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
