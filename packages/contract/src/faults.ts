/** The calls a fault can hit, in the broker's direction. */
export type Call = "send" | "receive" | "settle" | "extend";

/**
 * The kinds of faults. `cut`: the connection breaks before the call reaches the broker. `lose-reply`: the broker carries the call out,
 * but its answer is lost. `stall`: there is never an answer. `throttle` and `error`: the broker refuses, as with HTTP 429 or 500.
 */
export type Trouble = "cut" | "lose-reply" | "stall" | "throttle" | "error";

/** How one entry of a batch fails. */
export interface EntryFault {
  /** Whether the broker says the entry itself is at fault: never acceptable. */
  readonly permanent?: boolean;
}

/** Makes the driver under test fail as a case asks. */
export interface FaultControl {
  /** The next `times` calls (default: all until `heal`) fail so. */
  next(call: Call, trouble: Trouble, times?: number): void;
  /** Entries of the next batches whose body holds `text` are refused, the others go through; `times` refusals in all. */
  refuseEntries(call: "send", text: string, times: number, fault?: EntryFault): void;
  /** Ends every fault. */
  heal(): void;
  /** How many calls were hit by a fault. */
  readonly hits: number;
  /** How many calls of a kind reached the broker. */
  calls(call: Call): number;
}
