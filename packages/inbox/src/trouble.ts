import type { AttachContext, MessagingError } from "@switchyard/core";

/** Reports that a part of an inbox does not work: once, and again after it has worked. */
export class Trouble {
  readonly #emit: AttachContext["emit"];
  readonly #errorOf: (cause: unknown) => MessagingError;
  #down = false;

  constructor(emit: AttachContext["emit"], errorOf: (cause: unknown) => MessagingError) {
    this.#emit = emit;
    this.#errorOf = errorOf;
  }

  failed(cause: unknown): void {
    if (this.#down) return;
    this.#down = true;
    this.#emit({ type: "warning", level: "warn", error: this.#errorOf(cause) });
  }

  works(): void {
    this.#down = false;
  }
}
