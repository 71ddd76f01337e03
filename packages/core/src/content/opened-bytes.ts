import { Deque } from "../base/deque.ts";
import { MessagingError } from "../api/errors.ts";

interface Waiter {
  readonly bytes: number;
  readonly grant: () => void;
}

/** The code of the error of {@link Reservation.reserve} if there is no room. See `NO_ROOM` in consume/lease/bodies.ts. */
const NO_ROOM = "no-room";

/** Limits the memory that a group's opened bodies take: what was fetched, decrypted or inflated and is with a handler. */
export class OpenedBytes {
  readonly #most: number;
  #used = 0;
  readonly #waiting = new Deque<Waiter>();

  constructor(most: number) {
    this.#most = most;
  }

  /** True if `bytes` more fit. Anything fits if nothing else is opened, or a large message could never be handled. */
  #fits(bytes: number): boolean {
    return this.#used === 0 || this.#used + bytes <= this.#most;
  }

  take(bytes: number): boolean {
    if (this.#waiting.size > 0 || !this.#fits(bytes)) return false;
    this.#used += bytes;
    return true;
  }

  /** Resolves once `bytes` are taken, in order of the calls. */
  wait(bytes: number): Promise<void> {
    return new Promise((grant) => {
      this.#waiting.push({ bytes, grant });
      this.#grant();
    });
  }

  free(bytes: number): void {
    this.#used -= bytes;
    this.#grant();
  }

  #grant(): void {
    for (let next = this.#waiting.peek(); next !== undefined && this.#fits(next.bytes); next = this.#waiting.peek()) {
      this.#waiting.shift();
      this.#used += next.bytes;
      next.grant();
    }
  }
}

/** What the messages of one attempt have reserved: one message, or those of a batch. */
export class Attempted {
  first: Promise<void> | undefined;
  used = 0;
}

/**
 * What one message has reserved for one attempt. Only an attempt that has reserved nothing yet may wait, because two that each wait
 * for the other's memory would wait forever. Others are refused with {@link NO_ROOM}, and the message is tried again from the start;
 * it then asks for all of it at once.
 */
export class Reservation {
  readonly #opened: OpenedBytes;
  readonly #attempted: Attempted;
  /** What the message is known to need. */
  #need: number;
  #asked = 0;
  #taken = 0;

  constructor(opened: OpenedBytes, attempted: Attempted, need: number) {
    this.#opened = opened;
    this.#attempted = attempted;
    this.#need = need;
  }

  /** What the message needs, as far as it is known: for the next attempt. */
  get need(): number {
    return this.#need;
  }

  reserve(bytes: number): void | Promise<void> {
    this.#asked += bytes;
    this.#need = Math.max(this.#need, this.#asked);
    const more = this.#need - this.#taken;
    if (more <= 0) return undefined;
    const { first, used } = this.#attempted;
    if (first !== undefined && used === 0) return first.then(() => this.#takeOrThrow(more));
    if (this.#opened.take(more)) return this.#took(more);
    if (used > 0 || first !== undefined) throw noRoom();
    const waiting = this.#opened.wait(more).then(() => this.#took(more));
    this.#attempted.first = waiting;
    return waiting;
  }

  #takeOrThrow(bytes: number): void {
    if (!this.#opened.take(bytes)) throw noRoom();
    this.#took(bytes);
  }

  #took(bytes: number): void {
    this.#taken += bytes;
    this.#attempted.used += bytes;
  }

  /** Call this when the attempt has ended. */
  free(): void {
    if (this.#taken > 0) this.#opened.free(this.#taken);
    this.#attempted.used -= this.#taken;
    this.#taken = 0;
    this.#asked = 0;
  }
}

function noRoom(): MessagingError {
  return new MessagingError(NO_ROOM, "there is no room for the opened body now", { kind: "retryable" });
}
