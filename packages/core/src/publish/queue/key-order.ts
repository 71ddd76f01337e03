import type { OutgoingMessage, Lane } from "../send/outgoing-message.ts";

/** One unresolved message per key, in call order (C2): only a lane's head may be sent. Items without a key have no lane. */
export class KeyOrder {
  readonly #lanes = new Map<string, Lane>();

  add(message: OutgoingMessage): void {
    if (message.key === undefined) return;
    const lane = this.#lanes.get(message.key);
    if (lane === undefined) {
      message.lane = { head: message, tail: message };
      this.#lanes.set(message.key, message.lane);
      return;
    }
    lane.tail.behind = message;
    lane.tail = message;
    message.lane = lane;
  }

  isFirst(message: OutgoingMessage): boolean {
    return message.lane === undefined || message.lane.head === message;
  }

  /** To be called when a message is finished; gives the one whose turn it is now, if the turn has changed. */
  next(finished: OutgoingMessage): OutgoingMessage | undefined {
    const { lane } = finished;
    if (lane === undefined || lane.head !== finished) return undefined;
    let next = finished.behind;
    while (next?.finished) next = next.behind;
    if (next === undefined) this.#lanes.delete(finished.key as string);
    else lane.head = next;
    return next;
  }
}
