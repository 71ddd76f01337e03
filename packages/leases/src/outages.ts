import type { DriverEvent } from "@switchyard/core/driver";
import type { LeaseEvent } from "./events.ts";

/**
 * Reports outages of a group's lease store and of its shard listing to a driver's `report`, and their ends. There is one outage for each
 * of the two, whichever calls fail. Pass {@link seen} as the engine's `report`, and close this with the receiver.
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

  /** Reports nothing more. The next receiver of the group reports its own outages. */
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
