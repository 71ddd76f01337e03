import { eligibleRows } from "./decide.ts";
import type { Checkpoint, LeaseTable } from "./store.ts";
import type { Tenure } from "./tenure.ts";

/** One shard as the table had it at the last look. */
export interface ShardStatus {
  readonly shard: string;
  readonly owner?: string;
  /** Has it still; the owner has asked for it. */
  readonly handoverFrom?: string;
  readonly checkpoint: Checkpoint;
  readonly tenures: number;
  /** Not before its parents have ended. */
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
