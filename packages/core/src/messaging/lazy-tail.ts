/** A tail whose code is still being loaded. */
import type { Tail, TailedMessage } from "../api/tail.ts";

class LazyTail implements Tail {
  readonly watching: Promise<void>;
  readonly #tail: Promise<Tail>;

  constructor(tail: Promise<Tail>) {
    this.#tail = tail;
    this.watching = tail.then(({ watching }) => watching);
    // Who wants to know of a failure awaits it or iterates.
    this.watching.catch(() => undefined);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<TailedMessage, void, undefined> {
    yield* await this.#tail;
  }
}

/** The tail that `open` makes. */
export const lazyTail = (open: () => Promise<Tail>): Tail => new LazyTail(open());
