import type { ConfirmChannel } from "./confirm-channel.ts";
import { CHANNELS_TO_PUBLISH, UNANSWERED_A_CHANNEL } from "../limits.ts";

/**
 * The confirm channels of one sender. A channel is a process of the broker, which keeps unconfirmed messages in its heap, so its
 * garbage collection takes longer the more there are. Where no order is asked for, a further channel takes what would be too much
 * for the first. A sender with few messages under way has one channel.
 */
export class ConfirmChannelPool {
  readonly #all: ConfirmChannel[];
  readonly #openMore: (() => Promise<ConfirmChannel>) | undefined;
  #opening: Promise<void> | undefined;
  #closed = false;

  /** Without `openMore`, `first` stays the only channel. */
  constructor(first: ConfirmChannel, openMore?: () => Promise<ConfirmChannel>) {
    this.#all = [first];
    this.#openMore = openMore;
  }

  /** The end of the first channel that is gone. The sender ends with it, because messages may be under way on each channel. */
  get lost(): AbortSignal | undefined {
    for (const { channel } of this.#all) if (channel.over.aborted) return channel.over;
    return undefined;
  }

  /** The first channel with room, or else the one with the most room. */
  pick(): ConfirmChannel {
    let least = this.#all[0]!;
    for (const one of this.#all) {
      if (one.unanswered < UNANSWERED_A_CHANNEL) return one;
      if (one.unanswered < least.unanswered) least = one;
    }
    if (this.#openMore !== undefined && this.#all.length < CHANNELS_TO_PUBLISH) this.#more(this.#openMore);
    return least;
  }

  /** Nobody waits for it. Where the broker gives no further channel, the sender goes on with those it has. */
  #more(open: () => Promise<ConfirmChannel>): void {
    this.#opening ??= open().then(
      async (made) => {
        this.#opening = undefined;
        if (this.#closed) await made.channel.close();
        else this.#all.push(made);
      },
      () => {},
    );
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#all.map(({ channel }) => channel.close()));
    await this.#opening;
  }
}
