/** What a module named by `use:` exports: pure questions about names and limits, and the one door to a connection. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Capabilities } from "./capabilities.ts";
import type { Connection } from "./connection.ts";
import type { Destination, Located } from "./destination.ts";
import type { Runtime } from "./runtime.ts";
import type { Topology } from "./topology.ts";

/**
 * What a module named by `use:` exports as `adapter`. A plain value: importing it opens nothing.
 *
 * `Keeps` is type-level only: the needs each model keeps, for `defineConfig`'s compile-time check.
 */
export interface Adapter<O = any, Keeps = unknown> {
  readonly name: string;
  /** Everything of a connection in the configuration but `use` and `provision`. Unknown keys must be refused. */
  readonly options: StandardSchemaV1<unknown, O>;
  /** Pure, the best case; undefined: no such model here. `explain()` and the refusal at `connect()` use it. */
  capabilities(of: Destination, options: O): Capabilities | undefined;
  /** Pure. The broker's name of a destination, suffixes included. */
  locate(of: Destination, options: O): Located;
  /**
   * Pure. What is wrong with `of.native`, and with what the configuration shares (`holdMs`, `retentionMs`, `partitions`, `types`)
   * where the broker's limits are narrower. Each is a sentence that begins with the key it is about, as the configuration calls it:
   * `hold: at most 12h`, `native.kmsKey: ...`, `retention: ...`. Core reports it at that key, and drops one about a default.
   */
  nativeProblems?(of: Destination, options: O): readonly string[];
  /** Resolves once the client exists; need not have spoken to the broker. `about`: for what a broker shows of its clients. */
  open(
    options: O,
    runtime: Runtime,
    report: (event: DriverEvent) => void,
    about?: { readonly service: string },
  ): Promise<Connection>;
  /** Loads the topology half, kept apart so that a runtime without create rights never loads it. */
  topology?(options: O, runtime: Runtime): Promise<Topology>;
  /** Never set: carries `Keeps` for the compiler. */
  readonly "~keeps"?: Keeps;
}

export interface DriverEvent {
  /**
   * `down`, `blocked` and `throttled` last, for health, until `up` or `unblocked` comes with the same `id`.
   * `warning`: something works less well than it should; `cause` says what, and what to do about it. Health is as before.
   */
  readonly type: "up" | "down" | "blocked" | "unblocked" | "throttled" | "position-lost" | "warning";
  /** The lease, queue or connection meant. */
  readonly id?: string;
  readonly cause?: unknown;
}
