/** What a group remembers of a record that blocks its shard, where another service keeps the position: AWS Lambda. */
export interface AttemptRow {
  /** The first record of the batch that was being handled. */
  readonly from: string;
  /** The first record that is not settled, and the message inside it. All before it in the batch are settled. */
  readonly sequence: string;
  readonly sub: number;
  /** How many attempts of it have failed. */
  readonly attempts: number;
  /** When the first of them failed, in epoch milliseconds. 0: none has. */
  readonly firstAt: number;
  /** When its next attempt is due, in epoch milliseconds. 0: at once. */
  readonly notBefore: number;
  /** How often its handling began with no end since: it may have ended a process each time. */
  readonly begun: number;
}

/** Keeps one row for each shard of a group. A call is made once: the caller decides what a failure means. */
export interface AttemptStore {
  load(shard: string, signal: AbortSignal): Promise<AttemptRow | undefined>;
  /** Undefined removes the row. */
  save(shard: string, row: AttemptRow | undefined, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
