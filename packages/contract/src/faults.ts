/** The calls to the broker that a fault can hit. */
export type Call = "send" | "receive" | "settle" | "extend";

/**
 * The kinds of faults. `cut`: the connection breaks before the call reaches the broker. `lose-reply`: the broker carries out the call,
 * but its reply is lost. `stall`: there is never a reply. `throttle` and `error`: the broker refuses, as with HTTP 429 or 500.
 */
export type Trouble = "cut" | "lose-reply" | "stall" | "throttle" | "error";

/** How one entry of a batch fails. */
export interface EntryFault {
  /** Whether the broker says that it will never accept the entry. Default false: it may accept it later. */
  readonly permanent?: boolean;
}

/** Makes calls of the driver under test fail. */
export interface FaultControl {
  /** Makes the next `times` calls fail; by default all calls until `heal`. */
  next(call: Call, trouble: Trouble, times?: number): void;
  /** Refuses batch entries whose body contains `text`, `times` entries in all. Other entries go through. */
  refuseEntries(call: "send", text: string, times: number, fault?: EntryFault): void;
  /** Ends every fault. */
  heal(): void;
  /** How many calls were hit by a fault. */
  readonly hits: number;
  /** How many calls of a kind reached the broker. */
  calls(call: Call): number;
}
