import type { OutgoingMessage, Lane } from "../send/outgoing-message.ts";

/** Sends the messages of a key in call order, one unresolved at a time (C2). Only the head of a lane may be sent. A message without a key has no lane. */
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

  /** Call this when a message is finished. Returns the new head of the lane, or undefined if the head has not changed. */
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
