/**
 * The real time that a search may take. This is the one place of the package that reads the machine's clock: how long somebody waits for a
 * test is real, and no run sees it.
 */
import { performance } from "node:perf_hooks";

/** Real time, in milliseconds, from when it is made. */
export class Budget {
  readonly #until: number;

  constructor(ms: number) {
    this.#until = performance.now() + ms;
  }

  get over(): boolean {
    return performance.now() > this.#until;
  }
}
