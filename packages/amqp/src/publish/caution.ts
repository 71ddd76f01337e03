/**
 * What the senders of one destination remember about refused messages.
 *
 * AMQP 0-9-1 refuses a message by closing the channel, and does not say which of the messages under way it was. So the broker's size
 * limit is remembered. After a close that names no message, as many messages as it affected are sent one at a time: the next
 * close is then about one message alone.
 */
export class Caution {
  /** The broker's `max_message_size`, once a refusal has named it. It counts the body alone. */
  maxBodyBytes = Number.POSITIVE_INFINITY;
  #alone = 0;
  #turn: Promise<unknown> = Promise.resolve();

  get alone(): boolean {
    return this.#alone > 0;
  }

  /** Makes the next `messages` messages be sent one at a time. */
  goAlone(messages: number): void {
    this.#alone = Math.max(this.#alone, messages);
  }

  /** Runs `send` after all earlier calls have ended. */
  inTurn<T>(send: () => Promise<T>): Promise<T> {
    const sent = this.#turn.then(send);
    this.#turn = sent.then(
      () => this.#alone--,
      () => this.#alone--,
    );
    return sent;
  }
}
