import type { Checkpoint, GroupRow, LeaseRow } from "../store.ts";

export interface CheckpointColumns {
  readonly checkpoint: string;
  readonly checkpoint_sub: number | null;
  readonly checkpoint_time: number | null;
}

export function checkpointColumns(checkpoint: Checkpoint): CheckpointColumns {
  if (typeof checkpoint === "string") return { checkpoint, checkpoint_sub: null, checkpoint_time: null };
  if ("time" in checkpoint) {
    return { checkpoint: "AT_TIMESTAMP", checkpoint_sub: null, checkpoint_time: checkpoint.time };
  }
  return { checkpoint: checkpoint.sequence, checkpoint_sub: checkpoint.sub ?? null, checkpoint_time: null };
}

function checkpointOf(row: CheckpointColumns): Checkpoint {
  if (row.checkpoint === "AT_TIMESTAMP") return { time: row.checkpoint_time ?? 0 };
  if (!/^\d/.test(row.checkpoint)) return row.checkpoint as Checkpoint;
  return { sequence: row.checkpoint, ...(row.checkpoint_sub === null ? {} : { sub: row.checkpoint_sub }) };
}

/** `pg` returns a bigint as text. */
export interface LeaseColumns extends CheckpointColumns {
  readonly lease_key: string;
  readonly counter: string;
  readonly owner: string | null;
  readonly handover_from: string | null;
  readonly fencing_token: string | null;
  readonly tenures: number;
  readonly parents: readonly string[];
  readonly children: readonly string[];
  readonly hash_from: string | null;
  readonly hash_to: string | null;
}

export function leaseOf(row: LeaseColumns): LeaseRow {
  const { owner, handover_from, fencing_token, hash_from, hash_to } = row;
  return {
    key: row.lease_key,
    counter: Number(row.counter),
    ...(owner === null ? {} : { owner }),
    ...(handover_from === null ? {} : { handoverFrom: handover_from }),
    ...(fencing_token === null ? {} : { token: Number(fencing_token) }),
    checkpoint: checkpointOf(row),
    tenures: row.tenures,
    parents: row.parents,
    children: row.children,
    ...(hash_from === null || hash_to === null ? {} : { hashRange: { from: hash_from, to: hash_to } }),
  };
}

export interface GroupColumns extends CheckpointColumns {
  readonly group_name: string;
  readonly stream: string;
  readonly complete: boolean;
}

export const groupOf = (row: GroupColumns): GroupRow => ({
  group: row.group_name,
  stream: row.stream,
  start: checkpointOf(row),
  complete: row.complete,
});
