import type { Depth } from "../driver/index.ts";
import type { Duration } from "./duration.ts";

/** A number of a backlog that a broker may not tell. */
export type DepthNumber = "ready" | "delayed" | "held" | "oldestMs";

/**
 * The backlog of a group. Numbers that the broker does not give are absent.
 *
 * `ready`: messages that can be received now; on RabbitMQ's and Kinesis's logs, how many the group is behind. `oldestMs`: the age of the
 * oldest message that is not settled, in milliseconds. `oldestAsOf`: when that was so, if it comes later than the rest (SQS).
 */
export interface GroupDepth extends Omit<Depth, "lease" | "holder"> {
  readonly channel: string;
  readonly group: string;
  /** By queue, shard or partition, with its holder where a lease table knows it. */
  readonly leases: readonly Depth[];
  /** When the broker answered, by this machine's clock. */
  readonly asOf: Date;
  /** True if the broker counts exactly. SQS, SNS and RabbitMQ give approximate numbers, logs a lag. */
  readonly exact: boolean;
  /** What the broker cannot tell, or not for every partition. A number that is given all the same is a lower bound. */
  readonly unknown: readonly DepthNumber[];
}

/** The options of `depth()`. */
export interface DepthOptions {
  /** An answer of at most this age will do. Default 0: ask the broker, or join a question that is being asked. */
  readonly maxAge?: Duration;
}
