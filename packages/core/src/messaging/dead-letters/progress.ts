/** The latest state of a run, for whoever follows it. A slow reader misses steps, and the run does not wait for it. */
export class Progress<S> {
  #state: S | undefined;
  #changed = Promise.withResolvers<void>();
  #over = false;

  set(state: S): void {
    this.#state = state;
    this.#wake();
  }

  end(): void {
    this.#over = true;
    this.#wake();
  }

  async *steps(): AsyncGenerator<S, void, undefined> {
    let last: S | undefined;
    for (;;) {
      const changed = this.#changed.promise;
      if (this.#state !== undefined && this.#state !== last) {
        last = this.#state;
        yield last;
      } else if (this.#over) return;
      else await changed;
    }
  }

  #wake(): void {
    const { resolve } = this.#changed;
    this.#changed = Promise.withResolvers<void>();
    resolve();
  }
}
