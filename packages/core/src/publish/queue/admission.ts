import { Deque } from "../../base/deque.ts";
import type { PublishPlan } from "../../plan/plan.ts";
import type { OutgoingMessage } from "../send/outgoing-message.ts";

/** What publishers may have under way at once (C12): beyond it they wait, first come first served, or are refused. */
export class Admission {
  readonly #limits: Pick<PublishPlan, "maxPending" | "maxPendingBytes">;
  readonly #waiting = new Deque<OutgoingMessage>();
  #count = 0;
  #weight = 0;

  constructor(limits: Pick<PublishPlan, "maxPending" | "maxPendingBytes">) {
    this.#limits = limits;
  }

  /** A message heavier than the whole limit has room when it is alone. */
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

  /** The next one in line, admitted, if there is room for it. */
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
