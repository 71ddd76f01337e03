/**
 * What a transport can do for one destination. Every field except `minInFlight`, `delivery`, `releaseDelayMs` and `moveAll` is required; `0`,
 * `"none"` or `false` means that the transport cannot do it. Declare only what the broker guarantees: the contract suite checks each field against the broker.
 */
export interface Capabilities {
  /**
   * Whether messages with the same key stay in order.
   * - `key`: while a message of one key is being retried, other keys continue.
   * - `partition`: while a message is being retried, the other keys of its partition wait.
   */
  readonly ordering: "none" | "partition" | "key";
  /** What a successful `send` means. `received`: the broker has the message. `stored`: the message survives a broker restart. */
  readonly publishConfirm: "none" | "received" | "stored";
  /** For how many milliseconds the broker drops a second message with the same `dedup`. 0: it never does. */
  readonly publishDedupMs: number;
  /** The largest batch of one `send` or `settle` call. */
  readonly maxBatch: { readonly count: number; readonly bytes: number };
  /** The largest message, in bytes as counted by `SenderDriver.size`. */
  readonly maxMessageBytes: number;
  /** The most headers that a message can carry. 0: the broker has no headers, so core writes the whole envelope into the body. */
  readonly headers: number;
  /** True if a body can be raw bytes. False: core encodes bytes as base64 text. */
  readonly binary: boolean;
  /** The most calls core may have running at once: of `send` for each sender, of `receive` for each lease. */
  readonly concurrency: { readonly send: number; readonly receive: number };
  /**
   * The fewest messages that a group always holds in this process. A broker that pushes gives the reader of each partition at least
   * one message, so its value is the number of partitions. Default 1.
   */
  readonly minInFlight?: number;
  /** The longest delay of a published message, in milliseconds. 0: messages cannot be delayed. */
  readonly delayedPublishMs: number;
  /**
   * The longest delay of a `retry` settlement, in milliseconds. 0: the broker redelivers at once, or cannot take a message back (a
   * stream). Core then waits and retries in the process.
   */
  readonly retryDelayMs: number;
  /** True if a hold can be extended. The lease must then implement `extend`. */
  readonly holdExtend: boolean;
  /** True if a `release` settlement does not increase `Delivery.attempt`. */
  readonly releaseWithoutPenalty: boolean;
  /**
   * The longest `delayMs` of a `release` settlement, in milliseconds. Default 0: none. Core then returns a message that waits without
   * having failed by a `retry` that repeats the attempt before.
   */
  readonly releaseDelayMs?: number;
  /**
   * What `Delivery.attempt` counts.
   * - `exact`: every delivery.
   * - `failures`: failed attempts only.
   * - `approximate`: deliveries, but crashes, releases and lost replies may count too.
   * - `local`: the broker counts nothing, so core counts in the process.
   */
  readonly attempts: "exact" | "failures" | "approximate" | "local";
  /**
   * What a successful settlement means. `confirmed`: the broker has done it. `sent`: the broker sends no reply. `checkpoint`: it is
   * stored with the next checkpoint.
   */
  readonly settleResult: "confirmed" | "sent" | "checkpoint";
  /** `native`: the broker itself moves a message to a dead-letter queue after `Destination.nativeAttempts` deliveries. */
  readonly deadLetter: "none" | "native";
  /** `group`: a message can be sent to one group without reaching the others. */
  readonly redrive: "none" | "group";
  /** The positions a group can be moved to. Empty: the transport cannot replay. */
  readonly replay: readonly ("earliest" | "latest" | "time" | "at")[];
  /** How long the broker keeps an unsettled message, in milliseconds. */
  readonly retentionMs: number;
  /** `broker`: the broker can drop message types that a group does not want. */
  readonly filter: "none" | "broker";
  /** True if the broker shares consumers fairly between the values of `WireMessage.fairness`. */
  readonly fairness: boolean;
  /** How the members of a group share work: they compete for messages, or each holds leases on partitions. */
  readonly groupMembership: "competing" | "leases";
  /** True if leases have a `fencingToken`. */
  readonly fencingToken: boolean;
  /** What a policy may do with a message that has used up its attempts. */
  readonly poisonSkip: readonly ("deadLetter" | "park" | "skip" | "block")[];
  /** What `Connection.depth` can tell, and how exactly. `lag`: only how far behind a group is. */
  readonly depth: "none" | "lag" | "approximate" | "exact";
  /** True if the connection implements `purge`. */
  readonly purge: boolean;
  /**
   * Who brings the messages of a group. `pulled`: the group calls `receive`. `pushed`: events bring them to the process that
   * {@link Destination.runsOn} names, and their settlements are the answer to the event. Default `pulled`.
   */
  readonly delivery?: "pulled" | "pushed";
  /**
   * True if the broker itself can move all messages of such a queue, as a group's own dead-letter queue, to the queue that they came from.
   * The connection then has `moves`. Default false.
   */
  readonly moveAll?: boolean;
}
