/** How a pair of a fake and its broker is set up, and what of it the operations must know. */
export interface World {
  /**
   * How members share.
   * - `apart`: a hold outlives its member, so it does not matter who holds what.
   * - `competing`: who holds what is the broker's choice. All that is held is acknowledged before a member leaves.
   * - `one`: one member has everything until it leaves. There are two at most.
   * - `alone`: there is one member.
   */
  readonly members: "apart" | "competing" | "one" | "alone";
  /** Default: the adapter's. */
  readonly partitions?: number;
  /** How long messages are kept, in milliseconds. Absent: for longer than a run. */
  readonly retentionMs?: number;
}
