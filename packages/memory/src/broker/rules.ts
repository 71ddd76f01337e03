import type { Form } from "../profiles.ts";

/** How a queue behaves. These rules differ between the memory broker's own queues and those of the brokers that it can simulate. */
export interface Rules {
  /** Which broker's behaviour it is. */
  readonly form: Form;
  /** Messages with an order key wait for the one before them. */
  readonly ordered: boolean;
  /** One receive may return several messages of a key (SQS FIFO). No more of that key are delivered while one of them is held. */
  readonly keyBatches: boolean;
  /**
   * Keys share so many partitions, each in order as a whole. Whoever holds a message of a partition is given the others of it, too, and
   * nobody else is, as by RabbitMQ's single active consumers. A message that is returned comes again, and none before it, once its holder has
   * settled all it has of the partition, as `@switchyard/amqp` returns them.
   */
  readonly partitions?: number;
  /** A returned message only gets a new end of its hold, as on SQS. Its receive count is not lowered, and it stays in flight during a delay. */
  readonly returnsByHold: boolean;
  /**
   * Attempts are failures that were reported, as `@switchyard/amqp` counts them. The broker counts returns by itself, and so many are its
   * limit for dead letters.
   */
  readonly countsFailures: boolean;
  /** The outcome of an ack whose hold has ended. An SQS standard queue accepts it. */
  readonly late: "lost" | "accepted";
  /** A hold lasts as long as its lease, and at most so many milliseconds, as a consumer of RabbitMQ holds its messages. */
  readonly consumerTimeoutMs?: number;
  /** The longest hold, counted from the receive. */
  readonly holdLimitMs?: number;
  /** How many messages one receive returns at most. */
  readonly receiveLimit: number;
  /** How many messages may be held. A receive beyond that is refused (`over-limit`). */
  readonly heldLimit?: number;
  readonly dedupMs: number;
  readonly retentionMs: number;
  /**
   * What becomes of a message past the retention. `dead`: a dead letter, where they are kept, as on RabbitMQ; one that is held stays until it is
   * returned.
   */
  readonly expiry: "removed" | "dead";
  /** The share of messages that are stored twice, 0 to 1. */
  readonly duplicates: number;
}
