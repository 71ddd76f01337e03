import { eligibleRows } from "./decide.ts";
import type { Checkpoint, LeaseTable } from "./store.ts";
import type { Tenure } from "./tenure.ts";

/** One shard, as last read from the table. */
export interface ShardStatus {
  readonly shard: string;
  readonly owner?: string;
  /** The worker that still holds it; the owner has asked for it. */
  readonly handoverFrom?: string;
  readonly checkpoint: Checkpoint;
  readonly tenures: number;
  /** Cannot be taken before its parents have ended. */
  readonly eligible: boolean;
  /** Held by this engine. */
  readonly here: boolean;
}

export function statusOf(table: LeaseTable, tenures: ReadonlyMap<string, Tenure>, worker: string): ShardStatus[] {
  const eligible = new Set(eligibleRows(table.leases).map((row) => row.key));
  return table.leases.map(({ key, owner, handoverFrom, checkpoint, tenures: count }) => {
    const held = tenures.get(key);
    const holder = owner ?? (held === undefined ? undefined : worker);
    return {
      shard: key,
      ...(holder === undefined ? {} : { owner: holder }),
      ...(handoverFrom === undefined ? {} : { handoverFrom }),
      checkpoint: held?.stored ?? checkpoint,
      tenures: count,
      eligible: eligible.has(key),
      here: held !== undefined,
    };
  });
}
