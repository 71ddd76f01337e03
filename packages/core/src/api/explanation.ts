import type { Capabilities, Model } from "../driver/index.ts";

/**
 * What happens to a message that has used up its attempts. `deadLetter` (queue, pub/sub) and `park` (stream) copy it to the dead-letter
 * destination. `block` retries it forever. `skip` settles it and reports it.
 */
export type Exhausted = "deadLetter" | "park" | "block" | "skip";

/** What `messaging.explain()` returns: plain data without secrets, safe to print and to store. */
export interface Explanation {
  readonly service: string;
  readonly profile: string | null;
  readonly sources: readonly string[];
  /** What names at the brokers begin with. Empty: nothing. */
  readonly prefix: string;
  /** The connections that are used. */
  readonly connections: Readonly<Record<string, ConnectionExplanation>>;
  readonly channels: Readonly<Record<string, ChannelExplanation>>;
}

/** What `explain()` says of one connection. */
export interface ConnectionExplanation {
  /** The adapter's name, such as `sqs`. */
  readonly use: string;
  /** Who makes what it needs: see the configuration's `provision`. */
  readonly provision: "auto" | "verify" | "off";
  /** Where it leads: region and account, or host and virtual host. Absent: its adapter does not say. */
  readonly place?: string;
}

/** What `explain()` says of one channel. */
export interface ChannelExplanation {
  readonly model: Model;
  readonly transport: string;
  readonly connection: string;
  /** The transport's variety: `fifo`, `ordered` or `standard`. */
  readonly form: string;
  readonly address: string;
  /** The queues or streams behind `address`, where it is several: partitions on RabbitMQ. Absent: it is one. */
  readonly partitionNames?: readonly string[];
  /** The number of partitions, if the configuration says one. Otherwise the transport's default. */
  readonly partitions?: number;
  readonly needs: readonly string[];
  readonly groups: Readonly<Record<string, GroupExplanation>>;
  readonly capabilities: Capabilities;
  /** What messages pass before they are sent: compression, encryption, a claim check. Empty: nothing. */
  readonly content: readonly string[];
  /** The `native` settings, which are not portable. */
  readonly notPortable: readonly string[];
}

/** What `explain()` says of one group. */
export interface GroupExplanation {
  readonly address: string;
  readonly deadLetter: string | null;
  readonly concurrency: number;
  readonly maxInFlight: number;
  readonly hold: string;
  /** What runs the group's handlers if it is not a process that pulls, such as `lambda`. */
  readonly runsOn?: string;
  readonly retry: string;
  readonly exhausted: Exhausted;
  /** Whether operators may change a dead letter and send it as a new message. */
  readonly editDeadLetters: boolean;
  /** Whether `redrive({ native: true })` is possible: the broker itself moves all dead letters. */
  readonly nativeRedrive: boolean;
  /** What the transport says of the group's settings, such as the calls they cost. Absent: nothing. */
  readonly notes?: readonly string[];
  /** What middleware of the group's consumer says of itself. Present once `consume()` was called with such a consumer. */
  readonly use?: readonly string[];
}
