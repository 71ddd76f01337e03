import type { Checkpoint } from "./store.ts";

/** Changes of this worker's leases, for logs, metrics and health. */
export type LeaseEvent =
  | {
      readonly type: "acquired";
      readonly shard: string;
      readonly fencingToken: number;
      readonly tenures: number;
      readonly from: Checkpoint;
    }
  /** `expired`: not renewed in time. `taken`: the store says that another worker has it. `handover-timeout`: asked for and not released in time. */
  | { readonly type: "lost"; readonly shard: string; readonly fencingToken: number; readonly reason: LossReason }
  | { readonly type: "handover-asked"; readonly shard: string; readonly by: string }
  | { readonly type: "released"; readonly shard: string; readonly fencingToken: number }
  | { readonly type: "ended"; readonly shard: string; readonly children: readonly string[] }
  /** A row was made for a shard found in a listing. */
  | { readonly type: "discovered"; readonly shard: string; readonly from: Checkpoint }
  /** A row of a shard that is past retention was deleted. */
  | { readonly type: "forgotten"; readonly shard: string }
  /** A call failed and will be retried. Reported once per kind of call; `up` follows when that kind succeeds again or is no longer needed. */
  | {
      readonly type: "down";
      readonly what: "store" | "source";
      readonly doing: string;
      readonly code: string;
      readonly cause: unknown;
    }
  | { readonly type: "up"; readonly what: "store" | "source"; readonly doing: string };

/** Why a worker lost a lease. */
export type LossReason = "expired" | "taken" | "handover-timeout" | "closed";
