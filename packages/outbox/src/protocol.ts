/**
 * What a relay does with one partition while it holds the lease: read, send, settle, again. A pure function, so that a test can walk
 * through every interleaving of several relays, crashes, lost replies and lost leases. The relay runs this very function.
 */

/** A row of the outbox, as the protocol sees it. */
export interface ProtocolRow {
  /** Its number in the outbox. */
  readonly seq: string;
  readonly channel: string;
  /** Rows of the same channel and key keep their order. `null`: no order. */
  readonly key: string | null;
}

/**
 * What became of one row that was sent. `accepted`: the broker has it. `refused`: it will never be accepted. `unsure`: it was not
 * accepted, not sent, or nobody knows.
 */
export type Outcome = "accepted" | "refused" | "unsure";

export type PartitionState<R extends ProtocolRow = ProtocolRow> =
  | { readonly phase: "idle" }
  | { readonly phase: "reading" }
  | { readonly phase: "sending"; readonly rows: readonly R[] }
  | { readonly phase: "settling"; readonly accepted: readonly R[]; readonly refused: readonly R[] }
  | { readonly phase: "over" };

export type PartitionEvent<R extends ProtocolRow = ProtocolRow> =
  /** It is time to look for rows. */
  | { readonly type: "turn" }
  /** The oldest visible rows of the partition that are due, in the order of `seq`. */
  | { readonly type: "read"; readonly rows: readonly R[] }
  /** One outcome for each row, in their order. */
  | { readonly type: "sent"; readonly outcomes: readonly Outcome[] }
  /** The database has carried the settlement out. */
  | { readonly type: "settled" }
  /** A call to the database failed, or its answer was lost. */
  | { readonly type: "failed" }
  /** The lease is gone, or the database refused a settlement because it is. */
  | { readonly type: "lost" };

export type PartitionEffect<R extends ProtocolRow = ProtocolRow> =
  /** Wait for the next turn. `found`: there may be more. */
  | { readonly do: "wait"; readonly found: boolean }
  | { readonly do: "read" }
  /** Send the rows, those of a key in their order, and none of a key after one that was not accepted. */
  | { readonly do: "send"; readonly rows: readonly R[] }
  /** In one statement, if the lease is still held: delete the accepted rows, move the refused ones to the dead rows. */
  | { readonly do: "settle"; readonly accepted: readonly R[]; readonly refused: readonly R[] }
  | { readonly do: "stop" };

export interface Step<R extends ProtocolRow = ProtocolRow> {
  readonly state: PartitionState<R>;
  readonly effect: PartitionEffect<R>;
}

export const begun: PartitionState<never> = { phase: "idle" };

export function step<R extends ProtocolRow>(state: PartitionState<R>, event: PartitionEvent<R>): Step<R> {
  if (state.phase === "over" || event.type === "lost") return { state: { phase: "over" }, effect: { do: "stop" } };
  switch (state.phase) {
    case "idle":
      return event.type === "turn" ? { state: { phase: "reading" }, effect: { do: "read" } } : stay(state);
    case "reading":
      if (event.type === "failed") return idle(false);
      if (event.type !== "read") return stay(state);
      if (event.rows.length === 0) return idle(false);
      return { state: { phase: "sending", rows: event.rows }, effect: { do: "send", rows: event.rows } };
    case "sending":
      return event.type === "sent" ? afterSending(state.rows, event.outcomes) : stay(state);
    case "settling": {
      const { accepted, refused } = state;
      if (event.type === "settled") return idle(true);
      // It may have been carried out. Once more does no harm, and sends nothing again.
      if (event.type === "failed") return { state, effect: { do: "settle", accepted, refused } };
      return stay(state);
    }
  }
}

const idle = (found: boolean): Step<never> => ({ state: { phase: "idle" }, effect: { do: "wait", found } });

/** An event that this phase does not wait for. */
const stay = <R extends ProtocolRow>(state: PartitionState<R>): Step<R> => ({
  state,
  effect: { do: "wait", found: false },
});

function afterSending<R extends ProtocolRow>(rows: readonly R[], outcomes: readonly Outcome[]): Step<R> {
  const accepted: R[] = [];
  const refused: R[] = [];
  rows.forEach((row, at) => {
    if (outcomes[at] === "accepted") accepted.push(row);
    else if (outcomes[at] === "refused") refused.push(row);
  });
  // The rest stays, and is read again.
  if (accepted.length === 0 && refused.length === 0) return idle(false);
  return { state: { phase: "settling", accepted, refused }, effect: { do: "settle", accepted, refused } };
}
