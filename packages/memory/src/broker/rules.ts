/** How a queue behaves. What differs between the memory broker's own queues and those of the brokers it can stand in for. */
export interface Rules {
  /** Whose behaviour it is. */
  readonly form: "memory" | "sqs" | "sqs-fifo";
  /** Messages with an order key wait for the one before them. */
  readonly ordered: boolean;
  /** One receive may hand out several messages of a key (SQS FIFO); none more while any of them is out. */
  readonly keyBatches: boolean;
  /** Giving back is a change of the hold's end, as SQS does it: the receive count stays risen, a delayed message stays in flight. */
  readonly returnsByHold: boolean;
  /** What a settlement whose hold has ended gets. SQS standard says yes to it. */
  readonly late: "lost" | "accepted";
  /** The longest hold, counted from the receive. */
  readonly holdLimitMs?: number;
  /** The most one receive gives. */
  readonly receiveLimit: number;
  /** Above it a receive is refused (`over-limit`). */
  readonly heldLimit?: number;
  readonly dedupMs: number;
  readonly retentionMs: number;
  /** How often a message is stored twice, 0 to 1. */
  readonly duplicates: number;
}
