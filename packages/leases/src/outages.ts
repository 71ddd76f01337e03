import type { DriverEvent } from "@switchyard/core/driver";
import type { LeaseEvent } from "./events.ts";

/**
 * Tells a driver's `report` when the leases or the listing of one group are in trouble, and when that is over: one trouble for
 * each of the two, whatever kinds of calls fail. Give {@link seen} as the engine's `report`, and close it with the receiver.
 */
export class Outages {
  readonly #group: string;
  readonly #report: (event: DriverEvent) => void;
  /** The kinds of calls that fail. */
  readonly #failing = { store: new Set<string>(), source: new Set<string>() };
  #closed = false;

  constructor(group: string, report: (event: DriverEvent) => void) {
    this.#group = group;
    this.#report = report;
  }

  readonly seen = (event: LeaseEvent): void => {
    if (this.#closed) return;
    if (event.type === "down") {
      const failing = this.#failing[event.what];
      failing.add(event.doing);
      if (failing.size === 1) this.#report({ type: "down", id: this.#idOf(event.what), cause: event.cause });
    } else if (event.type === "up") this.#over(event.what, event.doing);
  };

  /** Whoever opens the group next finds out for itself. What comes after this is not told. */
  close(): void {
    this.#closed = true;
    for (const what of ["store", "source"] as const) for (const doing of this.#failing[what]) this.#over(what, doing);
  }

  #over(what: "store" | "source", doing: string): void {
    const failing = this.#failing[what];
    if (failing.delete(doing) && failing.size === 0) this.#report({ type: "up", id: this.#idOf(what) });
  }

  #idOf(what: "store" | "source"): string {
    return what === "store" ? `leases of ${this.#group}` : `shards of ${this.#group}`;
  }
}
