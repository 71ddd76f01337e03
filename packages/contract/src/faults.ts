/** The calls a fault can hit, in the broker's direction. */
export type Call = "send" | "receive" | "settle" | "extend";

/**
 * What goes wrong. `cut`: the connection breaks before the broker saw the call. `lose-reply`: the broker did it, the answer
 * is lost. `stall`: no answer ever comes. `throttle` and `error`: the broker refuses, 429 or 500 in HTTP's words.
 */
export type Trouble = "cut" | "lose-reply" | "stall" | "throttle" | "error";

export interface EntryFault {
  /** Whether the broker says the entry itself is at fault: never acceptable. */
  readonly permanent?: boolean;
}

export interface FaultControl {
  /** The next `times` calls (default: all until `heal`) fail so. */
  next(call: Call, trouble: Trouble, times?: number): void;
  /** Entries of the next batches whose body holds `text` are refused, the others go through; `times` refusals in all. */
  refuseEntries(call: "send", text: string, times: number, fault?: EntryFault): void;
  /** Ends every fault. */
  heal(): void;
  /** How many calls each fault has hit. */
  readonly hits: number;
  /** How many calls of a kind reached the broker. */
  calls(call: Call): number;
}
