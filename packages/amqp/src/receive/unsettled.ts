import type { Channel } from "../client/channel.ts";
import type { AmqpMessage } from "../sdk.ts";

/** Worth something on the channel it came by, and nowhere else. */
export interface Receipt {
  readonly channel: Channel;
  readonly message: AmqpMessage;
  /** Failed attempts before this delivery. */
  readonly failures: number;
  /** Times the broker has had it back, whatever for; 0 where it does not count. */
  readonly returned: number;
  /** Handed out, and not yet settled. */
  out: boolean;
  /** Core lets go of it by then (monotonic). Infinity: core never sees it. */
  readonly deadline: number;
}

/** What one channel has delivered and nobody has settled, in that order: an acknowledgement may stand for all up to it. */
export class Unsettled {
  readonly #all = new Set<Receipt>();
  #out = 0;

  /** How many are handed out. */
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

  /** Of each message, the tag of the consumer that brought it. */
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

  /** Its holder is done with it; it stays unsettled until the channel closes. */
  keep(receipt: Receipt): void {
    if (receipt.out) this.#out--;
    receipt.out = false;
  }

  settled(receipt: Receipt): void {
    // The channel may be gone meanwhile, and what it had with it.
    if (this.#all.delete(receipt)) this.keep(receipt);
  }

  /** The channel is gone. */
  clear(): void {
    this.#all.clear();
    this.#out = 0;
  }

  /**
   * One acknowledgement for all up to the first that is to stay, one each for the rest. Where the channel throws, what was not
   * written stays.
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
