/** The adapter: what the module named by `use:` exports. It answers questions about names and limits, and opens connections. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Capabilities } from "./capabilities.ts";
import type { Connection } from "./connection.ts";
import type { Destination, Located } from "./destination.ts";
import type { Resources } from "./resources.ts";
import type { Rights } from "./rights.ts";
import type { Runtime } from "./runtime.ts";
import type { Topology } from "./topology.ts";

/**
 * What a module named by `use:` exports as `adapter`: a plain value. Importing the module must not open a connection, start a
 * timer or read the environment.
 *
 * `Keeps` exists only for the compiler: it lists the needs that each model keeps, so that `defineConfig` can check them.
 */
export interface Adapter<O = any, Keeps = unknown> {
  /** The adapter's short name, such as `sqs`. Errors and `explain()` print it. */
  readonly name: string;
  /**
   * Validates the options of a connection: every key in the configuration except `use` and `provision`. The schema should refuse
   * unknown keys, so that a misspelt option is an error. Its messages must not contain secrets.
   */
  readonly options: StandardSchemaV1<unknown, O>;
  /**
   * Returns what the broker can do for `of`, or undefined if the broker has no such model. The function must be pure: no I/O.
   * Report the best case here. A sender or receiver may report less once it has seen the real resource; core then refuses it.
   */
  capabilities(of: Destination, options: O): Capabilities | undefined;
  /**
   * Returns the broker's name of a destination, including suffixes such as `.fifo`. The function must be pure. Return a `problem`
   * instead of throwing when the name is not allowed.
   */
  locate(of: Destination, options: O): Located;
  /**
   * Returns what is wrong with `of.native`, and which shared settings (`holdMs`, `retentionMs`, `partitions`, `types`) are outside
   * the broker's limits. The function must be pure. Each entry is a sentence that starts with the configuration key:
   * `hold: at most 12h`, `native.kmsKey: ...`, `retention: ...`. Core reports the sentence at that key. Core ignores a sentence about
   * `hold` when the user left `hold` at its default.
   */
  nativeProblems?(of: Destination, options: O): readonly string[];
  /**
   * Returns what users should know of the settings of a group's destination, such as the calls they cost: one sentence each, for
   * `explain()`. The function must be pure. Only settings that were made are worth a sentence.
   */
  explain?(of: Destination, options: O): readonly string[];
  /**
   * Returns where the connection leads, for people who are about to change something there: the region and the account, or the host and
   * the virtual host. No secret. The function must be pure: what only the environment knows is named as such. Default: nothing is said.
   */
  place?(options: O): string;
  /**
   * Creates the client and resolves with a connection. It does not have to reach the broker before it resolves.
   * All time, randomness and ids must come from `runtime`. Call `report` when the connection's state changes. `client` holds values
   * that some brokers show to operators in their list of clients.
   */
  open(
    options: O,
    runtime: Runtime,
    report: (event: DriverEvent) => void,
    client?: { readonly service: string },
  ): Promise<Connection>;
  /**
   * Loads the code that creates and compares resources. Import it lazily here: a process that may not create resources then never
   * loads it.
   */
  topology?(options: O, runtime: Runtime): Promise<Topology>;
  /**
   * Loads the code that says which rights the driver's calls need. Import it lazily here. It must not reach the broker. Without it
   * `policies()` warns that the rights of this connection must be granted by hand.
   */
  rights?(options: O): Promise<Rights>;
  /**
   * Loads the code that lists what the topology would make, for deployment tools. Import it lazily here. It must not reach the broker.
   * Without it `resources()` says that the resources of this connection must be written by hand.
   */
  resources?(options: O): Promise<Resources>;
  /** Never set. It carries `Keeps` for the compiler. */
  readonly "~keeps"?: Keeps;
}

/** A change of state that the driver noticed by itself. */
export interface DriverEvent {
  /**
   * - `down`, `blocked`, `throttled`: the part named by `id` does not work. Health shows it until the driver reports `up` or
   *   `unblocked` with the same `id`.
   * - `position-lost`: a stream group's stored position is no longer in the log.
   * - `warning`: something works less well than it should. `cause` says what it is and what to do. Health does not change.
   */
  readonly type: "up" | "down" | "blocked" | "unblocked" | "throttled" | "position-lost" | "warning";
  /** The lease, queue or connection that the event is about. */
  readonly id?: string;
  readonly cause?: unknown;
}
