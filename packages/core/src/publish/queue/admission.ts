import { Deque } from "../../base/deque.ts";
import type { PublishPlan } from "../../plan/plan.ts";
import type { OutgoingMessage } from "../send/outgoing-message.ts";

/** Limits the messages and bytes that publishers may have pending (C12). Beyond the limits messages wait in order of arrival. */
export class Admission {
  readonly #limits: Pick<PublishPlan, "maxPending" | "maxPendingBytes">;
  readonly #waiting = new Deque<OutgoingMessage>();
  #count = 0;
  #weight = 0;

  constructor(limits: Pick<PublishPlan, "maxPending" | "maxPendingBytes">) {
    this.#limits = limits;
  }

  /** A message larger than `maxPendingBytes` is admitted when nothing else is pending. */
  #hasRoom(weight: number): boolean {
    if (this.#count === 0) return true;
    return this.#count < this.#limits.maxPending && this.#weight + weight <= this.#limits.maxPendingBytes;
  }

  canEnter(weight: number): boolean {
    return this.#waiting.size === 0 && this.#hasRoom(weight);
  }

  enter(message: OutgoingMessage): void {
    message.admitted = true;
    this.#count++;
    this.#weight += message.weight;
  }

  wait(message: OutgoingMessage): void {
    this.#waiting.push(message);
  }

  leave(message: OutgoingMessage): void {
    if (!message.admitted) return;
    this.#count--;
    this.#weight -= message.weight;
  }

  /** Admits the next waiting message if there is room, and returns it. */
  admitNext(): OutgoingMessage | undefined {
    for (let message = this.#waiting.peek(); message !== undefined; message = this.#waiting.peek()) {
      if (!message.finished && !this.#hasRoom(message.weight)) return undefined;
      this.#waiting.shift();
      if (message.finished) continue;
      this.enter(message);
      return message;
    }
    return undefined;
  }
}
