/** What a destination can keep. None optional; `0`, `"none"` or `false` says it cannot. The contract suite observes each. */
export interface Capabilities {
  /** `key`: other keys go on while one waits. `partition`: they wait with it. */
  readonly ordering: "none" | "partition" | "key";
  /** `received`: the broker has it; `stored`: it survives the broker's restart. */
  readonly publishConfirm: "none" | "received" | "stored";
  /** How long a second send with the same `dedup` is swallowed. 0: never. */
  readonly publishDedupMs: number;
  /** The most one `send` or one `settle` may carry. */
  readonly maxBatch: { readonly count: number; readonly bytes: number };
  /** As `SenderDriver.size` counts. */
  readonly maxMessageBytes: number;
  /** Native headers a message may have. 0: core puts the whole envelope into the body. */
  readonly headers: number;
  /** Bodies of bytes are carried as they are. False: core carries bytes as base64 text. */
  readonly binary: boolean;
  /** Calls at once: `send` per sender, `receive` per lease. */
  readonly concurrency: { readonly send: number; readonly receive: number };
  /** The fewest messages a group holds here at once: a broker that pushes gives the reader of each partition at least one. Default 1. */
  readonly minInFlight?: number;
  /** The longest delay of a publish. 0: none. */
  readonly delayedPublishMs: number;
  /** The longest delay of a `retry` settlement. 0: at once only, or no return at all (streams): core then retries in place. */
  readonly retryDelayMs: number;
  readonly holdExtend: boolean;
  /** A `release` does not raise `attempt`. */
  readonly releaseWithoutPenalty: boolean;
  /** What `Delivery.attempt` counts. `local`: the broker counts nothing. */
  readonly attempts: "exact" | "failures" | "approximate" | "local";
  /** What a settled outcome means: known to be done; sent, no reply exists; pending until the next checkpoint. */
  readonly settleResult: "confirmed" | "sent" | "checkpoint";
  /** The broker moves a message to a dead-letter destination by itself after `nativeAttempts`. */
  readonly deadLetter: "none" | "native";
  /** A message can be sent into one group only. */
  readonly redrive: "none" | "group";
  readonly replay: readonly ("earliest" | "latest" | "time" | "at")[];
  /** How long an unsettled message is kept. */
  readonly retentionMs: number;
  readonly filter: "none" | "broker";
  readonly fairness: boolean;
  readonly groupMembership: "competing" | "leases";
  readonly fencingToken: boolean;
  /** What may become of a message whose attempts are exhausted. */
  readonly poisonSkip: readonly ("deadLetter" | "park" | "skip" | "block")[];
  readonly depth: "none" | "lag" | "approximate" | "exact";
  readonly purge: boolean;
}
