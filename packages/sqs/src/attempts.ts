import type { Runtime } from "@switchyard/core/driver";
import { DEDUP_MS } from "./limits.ts";

interface Open {
  readonly id: string;
  readonly max: number;
  readonly until: number;
}

/**
 * Receive attempt ids of a FIFO queue. A receive whose reply was lost leaves its groups blocked until the messages' hold
 * ends; asked again with the same id, SQS gives the same messages. It remembers ids for five minutes.
 */
export class ReceiveAttempts {
  readonly #runtime: Runtime;
  #lost: Open[] = [];

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** The id for a receive of at most `max`; never one whose receive may have been given more than that. */
  take(max: number): Open {
    const now = this.#runtime.monotonic();
    this.#lost = this.#lost.filter((open) => open.until > now);
    const index = this.#lost.findIndex((open) => open.max <= max);
    if (index >= 0) return this.#lost.splice(index, 1)[0]!;
    return { id: this.#runtime.uuid(), max, until: now + DEDUP_MS };
  }

  /** Nothing is known of the receive: the next one asks for the same again. */
  lost(open: Open): void {
    this.#lost.push(open);
  }
}
