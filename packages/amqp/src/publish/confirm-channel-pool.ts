import type { ConfirmChannel } from "./confirm-channel.ts";
import { CHANNELS_TO_PUBLISH, UNANSWERED_A_CHANNEL } from "../limits.ts";

/**
 * The confirm channels of one sender. Each channel is a process of the broker with unconfirmed messages in its heap. With more of them its
 * garbage collection takes longer. So if no order is asked for, another channel is opened when the first has many unconfirmed messages. A
 * sender with few unconfirmed messages has one channel.
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

  /** The signal of the first channel that has ended. The sender then ends too, because each channel may have unconfirmed messages. */
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

  /** Opens another channel in the background. If the broker refuses it, the sender continues with the channels that it has. */
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
