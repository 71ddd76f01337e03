/**
 * What the publishers of one destination have learnt from channels the broker closed over a message.
 *
 * AMQP 0-9-1 refuses a message by closing the channel, and does not say which of those under way it was. So the broker's size
 * limit is remembered, and after a close whose message is not known as many messages as were lost by it go one at a time: the
 * next close is then about one message alone.
 */
export class Caution {
  /** The broker's `max_message_size`, as far as it has told. It counts the body alone. */
  maxBodyBytes = Number.POSITIVE_INFINITY;
  #alone = 0;
  #turn: Promise<unknown> = Promise.resolve();

  get alone(): boolean {
    return this.#alone > 0;
  }

  /** So many messages are to go one at a time. */
  goAlone(messages: number): void {
    this.#alone = Math.max(this.#alone, messages);
  }

  /** Runs once what came before is over. */
  inTurn<T>(send: () => Promise<T>): Promise<T> {
    const sent = this.#turn.then(send);
    this.#turn = sent.then(
      () => this.#alone--,
      () => this.#alone--,
    );
    return sent;
  }
}
