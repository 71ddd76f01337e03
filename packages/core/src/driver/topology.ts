/**
 * Topology: the queues, topics and subscriptions of the broker. A separate step plans and applies it, often under a separate role.
 * Publishing and consuming never create anything.
 */
import type { Destination } from "./destination.ts";

/** One difference between what the configuration needs and what the broker has. */
export interface Change {
  /**
   * - `create`, `update`: `apply` makes the change.
   * - `destructive`: the change may lose messages or settings made by hand. `apply` makes it only if asked to.
   * - `drift`: the difference is reported and not changed.
   */
  readonly action: "create" | "update" | "destructive" | "drift";
  /** The broker's word for the resource: `queue`, `topic`, `subscription`. */
  readonly resource: string;
  /** The resource's physical name. */
  readonly name: string;
  /** One line from which a person can judge the change: what the broker has now, and what it will have. */
  readonly summary: string;
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** What `apply()` would do on one connection, and what it cannot. */
export interface TopologyPlan {
  readonly changes: readonly Change[];
  /** The driver's own data for `apply`. Core does not read it. */
  readonly state?: unknown;
}

/** How a plan is applied. */
export interface ApplyOptions {
  /** Default false. */
  readonly destructive?: boolean;
  /** Is told the name of each changed resource. */
  readonly applied?: (name: string) => void;
}

/** Plans and creates what a configuration needs on the broker. */
export interface Topology {
  /**
   * Compares what the destinations and their dead-letter queues need with what the broker has. It must not change anything. An empty
   * plan means that there is nothing to do.
   */
  plan(destinations: readonly Destination[], signal: AbortSignal): Promise<TopologyPlan>;
  /**
   * Makes the planned changes. It must be idempotent, because several processes may run it at once. It makes destructive changes only
   * if `destructive` is true. Default false. It should call `applied` with the name of each changed resource once that is as planned:
   * operators see how far it is.
   */
  apply(plan: TopologyPlan, signal: AbortSignal, options?: ApplyOptions): Promise<void>;
  /** Deletes what `apply` created for these destinations. Used by tests. */
  destroy?(destinations: readonly Destination[], signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
