/** A run whose code is still being loaded. Only this small part is loaded with every service. */
import type { DeadLetters } from "../../api/dead-letters.ts";
import type { DeadLetterBox, Running } from "./box.ts";

class LazyScan<S, R> implements AsyncIterable<S> {
  readonly #run: Promise<Running<S, R>>;

  constructor(run: Promise<Running<S, R>>) {
    this.#run = run;
    // Who wants to know of a failure awaits the result or iterates.
    this.result.catch(() => undefined);
  }

  get result(): Promise<R> {
    return this.#run.then(({ result }) => result);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<S, void, undefined> {
    yield* (await this.#run).steps;
  }
}

class LazyRun<S, R> extends LazyScan<S, R> implements PromiseLike<R> {
  // oxlint-disable-next-line unicorn/no-thenable -- awaiting a run gives its result
  then<A = R, B = never>(
    done?: ((value: R) => A | PromiseLike<A>) | null,
    failed?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.result.then(done, failed);
  }
}

/** The operations on dead letters, whose code is loaded at the first call. */
export function lazily(box: () => Promise<DeadLetterBox>): DeadLetters {
  return {
    count: async () => (await box()).count(),
    peek: async (count) => (await box()).peek(count),
    scan: (options) => new LazyScan(box().then((it) => it.scan(options))),
    get: async (id, options) => (await box()).get(id, options),
    groups: async (options) => (await box()).groups(options),
    redrive: (options) => new LazyRun(box().then((it) => it.redrive(options))),
    edit: async (id, edit, options) => (await box()).edit(id, edit, options),
    export: (options) => new LazyRun(box().then((it) => it.export(options))),
    import: (options) => new LazyRun(box().then((it) => it.import(options))),
    purge: (options) => new LazyRun(box().then((it) => it.purge(options))),
  };
}
