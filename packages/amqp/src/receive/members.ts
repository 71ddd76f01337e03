import type { Channel } from "../client/channel.ts";
import { isMissing } from "../errors.ts";
import type { Link } from "../client/link.ts";

/**
 * Counts the members of an ordered group. On a queue with a single active consumer the broker counts only the active one. So each member
 * also consumes an empty queue, whose consumers can be counted.
 */
export class Members {
  readonly #queue: string;
  readonly #channel: Channel;

  private constructor(queue: string, channel: Channel) {
    this.#queue = queue;
    this.#channel = channel;
  }

  /** Undefined if there is no such queue, because the partitions were not made by Switchyard. */
  static async join(queue: string, link: Link, signal: AbortSignal): Promise<Members | undefined> {
    const channel = await link.channel(false, signal);
    try {
      await channel.rpc((raw) => raw.checkQueue(queue), signal);
      await channel.rpc((raw) => raw.consume(queue, () => {}, { noAck: true }), signal);
      return new Members(queue, channel);
    } catch (error) {
      await channel.close();
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  async count(signal: AbortSignal): Promise<number> {
    return (await this.#channel.rpc((raw) => raw.checkQueue(this.#queue), signal)).consumerCount;
  }

  close(): Promise<void> {
    return this.#channel.close();
  }
}
