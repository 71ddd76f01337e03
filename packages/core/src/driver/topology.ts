/**
 * Topology: planned and applied by a separate step, with a separate role. Publishing and consuming never create anything.
 */
import type { Destination } from "./destination.ts";

export interface Change {
  /** `destructive` may lose messages or configuration made by hand; `apply` leaves it alone unless told otherwise. */
  readonly action: "create" | "update" | "destructive" | "drift";
  /** The broker's word for the thing: `queue`, `topic`, `subscription`. */
  readonly resource: string;
  /** Its physical name. */
  readonly name: string;
  /** One line a person can judge: what is, what will be. */
  readonly summary: string;
  readonly detail?: Readonly<Record<string, unknown>>;
}

export interface TopologyPlan {
  readonly changes: readonly Change[];
  /** The driver's own; opaque to core. */
  readonly state?: unknown;
}

export interface Topology {
  /** Compares what the destinations need (dead letters included) with what is there. Changes nothing. Empty: nothing to do. */
  plan(destinations: readonly Destination[], signal: AbortSignal): Promise<TopologyPlan>;
  /** Idempotent: may run from several processes at once. Destructive changes only when `destructive` is true. */
  apply(plan: TopologyPlan, signal: AbortSignal, options?: { readonly destructive?: boolean }): Promise<void>;
  /** Deletes what `apply` made for these destinations; for tests and tear-down. */
  destroy?(destinations: readonly Destination[], signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
