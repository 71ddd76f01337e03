import type { Channel } from "../client/channel.ts";
import type { AmqpMessage } from "../sdk.ts";

/** A receipt is valid only on the channel that delivered its message. */
export interface Receipt {
  readonly channel: Channel;
  readonly message: AmqpMessage;
  /** Failed attempts before this delivery. */
  readonly failures: number;
  /** How often the message was returned to the broker, for any reason. 0 if the broker does not count it. */
  readonly returned: number;
  /** True while core has the message and has not settled it. */
  out: boolean;
  /** When the hold ends, in monotonic milliseconds. Infinity: core never sees the message. */
  readonly deadline: number;
}

/** The unsettled messages of one channel, in order. The order matters because one acknowledgement can cover all messages up to it. */
export class Unsettled {
  readonly #all = new Set<Receipt>();
  #out = 0;

  get size(): number {
    return this.#all.size;
  }

  /** How many of these messages core has. */
  get out(): number {
    return this.#out;
  }

  /** In the order in which they arrived. */
  [Symbol.iterator](): Iterator<Receipt> {
    return this.#all.values();
  }

  has(receipt: Receipt): boolean {
    return this.#all.has(receipt);
  }

  /** The tag of the consumer that brought it, for each message. */
  *tags(): Generator<string | undefined> {
    for (const { message } of this.#all) yield message.fields.consumerTag;
  }

  arrived(receipt: Receipt): void {
    this.#all.add(receipt);
  }

  handOut(receipt: Receipt): void {
    receipt.out = true;
    this.#out++;
  }

  /** Core is done with the message. It stays unsettled until the channel closes. */
  keep(receipt: Receipt): void {
    if (receipt.out) this.#out--;
    receipt.out = false;
  }

  settled(receipt: Receipt): void {
    // The channel may have ended meanwhile, and all its messages with it.
    if (this.#all.delete(receipt)) this.keep(receipt);
  }

  /** The channel is gone. */
  clear(): void {
    this.#all.clear();
    this.#out = 0;
  }

  /**
   * Acknowledges at once all messages before the first that is to stay, and the rest one by one. If the channel throws, what was
   * not written stays.
   */
  ack(receipts: ReadonlySet<Receipt>): void {
    const upTo: Receipt[] = [];
    for (const receipt of this.#all) {
      if (!receipts.has(receipt)) break;
      upTo.push(receipt);
    }
    const last = upTo.at(-1);
    if (last !== undefined) last.channel.raw.ack(last.message, upTo.length > 1);
    for (const receipt of upTo) this.settled(receipt);
    if (upTo.length === receipts.size) return;
    for (const receipt of receipts) {
      if (!receipt.out) continue;
      receipt.channel.raw.ack(receipt.message);
      this.settled(receipt);
    }
  }
}
