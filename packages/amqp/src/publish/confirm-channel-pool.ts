import type { ConfirmChannel } from "./confirm-channel.ts";
import { CHANNELS_TO_PUBLISH, UNANSWERED_A_CHANNEL } from "../limits.ts";

/**
 * The confirm channels of one sender. A channel is one process of the broker, which keeps what it has not confirmed in its
 * heap: what it collects grows with that. Where no order is asked for, the next one takes over what would be too much for the
 * first; whoever has little under way has one.
 */
export class ConfirmChannelPool {
  readonly #all: ConfirmChannel[];
  readonly #openMore: (() => Promise<ConfirmChannel>) | undefined;
  #opening: Promise<void> | undefined;
  #closed = false;

  /** Without `openMore` it stays with `first`. */
  constructor(first: ConfirmChannel, openMore?: () => Promise<ConfirmChannel>) {
    this.#all = [first];
    this.#openMore = openMore;
  }

  /** Why one of them is gone: the sender is at its end then, since each of them may have been promised messages. */
  get lost(): AbortSignal | undefined {
    for (const { channel } of this.#all) if (channel.over.aborted) return channel.over;
    return undefined;
  }

  /** The first with room, else the one with most. */
  pick(): ConfirmChannel {
    let least = this.#all[0]!;
    for (const one of this.#all) {
      if (one.unanswered < UNANSWERED_A_CHANNEL) return one;
      if (one.unanswered < least.unanswered) least = one;
    }
    if (this.#openMore !== undefined && this.#all.length < CHANNELS_TO_PUBLISH) this.#more(this.#openMore);
    return least;
  }

  /** Nobody waits for it; where the broker gives no more channels, what there is must do. */
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
