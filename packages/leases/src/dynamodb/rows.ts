import type { Checkpoint, GroupRow, LeaseRow, NewLease, WorkerRow } from "../store.ts";

/** A value in DynamoDB's own form. */
export interface Attribute {
  readonly S?: string | undefined;
  readonly N?: string | undefined;
  readonly SS?: readonly string[] | undefined;
  readonly BOOL?: boolean | undefined;
}
export type Item = Readonly<Record<string, Attribute | undefined>>;

/** Our own columns in KCL's rows. KCL ignores columns that it does not know. */
export const TOKEN = "fencingToken";
/** Equal to `leaseOwner` while a Switchyard worker owns the lease. A KCL application writes only `leaseOwner`. */
export const OWNER = "switchyardOwner";
const TIMESTAMP = "checkpointTimestamp";
/** Marks rows that are not leases, as KCL 3.5 does. */
const ENTITY = "entityType";
const WORKER = "SWITCHYARD_WORKER";
const GROUP = "SWITCHYARD_GROUP";
/** The key of the group's row. A shard id cannot contain `#`. */
export const GROUP_KEY = "group#";
export const workerKey = (id: string): string => `worker#${id}`;

const SENTINELS = new Set(["TRIM_HORIZON", "LATEST", "SHARD_END"]);

export type Kind = "lease" | "worker" | "group" | "kcl" | "multi-stream" | "foreign";

export function kindOf(item: Item): Kind {
  const entity = item[ENTITY]?.S;
  if (entity === WORKER) return "worker";
  if (entity === GROUP) return "group";
  const leaseLike = item["leaseCounter"]?.N !== undefined && item["checkpoint"]?.S !== undefined;
  if (entity !== undefined && !leaseLike) return "kcl";
  if (!leaseLike) return "foreign";
  return item["leaseKey"]?.S?.includes(":") === true ? "multi-stream" : "lease";
}

export function checkpointColumns(checkpoint: Checkpoint): Record<string, Attribute | undefined> {
  const none = { checkpointSubSequenceNumber: undefined, [TIMESTAMP]: undefined };
  if (typeof checkpoint === "string") return { ...none, checkpoint: { S: checkpoint } };
  if ("time" in checkpoint) {
    return { ...none, checkpoint: { S: "AT_TIMESTAMP" }, [TIMESTAMP]: { N: String(checkpoint.time) } };
  }
  const sub = checkpoint.sub === undefined ? undefined : { N: String(checkpoint.sub) };
  return { ...none, checkpoint: { S: checkpoint.sequence }, checkpointSubSequenceNumber: sub };
}

function checkpointOf(item: Item): Checkpoint {
  const text = item["checkpoint"]?.S ?? "TRIM_HORIZON";
  if (SENTINELS.has(text)) return text as Checkpoint;
  if (text === "AT_TIMESTAMP") {
    // KCL has the time in its configuration, not here. Without it, reading too much is better than too little.
    const time = item[TIMESTAMP]?.N;
    return time === undefined ? "TRIM_HORIZON" : { time: Number(time) };
  }
  const sub = item["checkpointSubSequenceNumber"]?.N;
  return sub === undefined ? { sequence: text } : { sequence: text, sub: Number(sub) };
}

export function leaseItem(lease: NewLease): Item {
  const { key, parents, hashRange } = lease;
  return defined({
    leaseKey: { S: key },
    leaseCounter: { N: "0" },
    ownerSwitchesSinceCheckpoint: { N: "0" },
    // DynamoDB has no empty sets.
    parentShardId: parents.length === 0 ? undefined : { SS: parents },
    startingHashKey: hashRange === undefined ? undefined : { S: hashRange.from },
    endingHashKey: hashRange === undefined ? undefined : { S: hashRange.to },
    ...checkpointColumns(lease.checkpoint),
  });
}

export function leaseOf(item: Item): LeaseRow {
  const owner = item["leaseOwner"]?.S;
  const handoverFrom = item["checkpointOwner"]?.S;
  const token = item[TOKEN]?.N;
  const [from, to] = [item["startingHashKey"]?.S, item["endingHashKey"]?.S];
  return {
    key: item["leaseKey"]?.S ?? "",
    counter: Number(item["leaseCounter"]?.N ?? 0),
    ...(owner === undefined ? {} : { owner }),
    ...(handoverFrom === undefined ? {} : { handoverFrom }),
    ...(token === undefined ? {} : { token: Number(token) }),
    checkpoint: checkpointOf(item),
    tenures: Number(item["ownerSwitchesSinceCheckpoint"]?.N ?? 0),
    parents: item["parentShardId"]?.SS ?? [],
    children: item["childShardIds"]?.SS ?? [],
    ...(from === undefined || to === undefined ? {} : { hashRange: { from, to } }),
  };
}

/** Whether a lease is free or owned by a Switchyard worker. The lease's row shows this even if the worker's row is gone. */
export function isOurs(item: Item): boolean {
  const owner = item["leaseOwner"]?.S;
  if (owner === undefined) return true;
  // An earlier version did not write the column, but it wrote the token.
  return item[OWNER] === undefined ? item[TOKEN] !== undefined : item[OWNER].S === owner;
}

export function groupItem({ group, stream, start, complete }: GroupRow): Item {
  return defined({
    leaseKey: { S: GROUP_KEY },
    [ENTITY]: { S: GROUP },
    groupName: { S: group },
    streamName: { S: stream },
    complete: { BOOL: complete },
    ...checkpointColumns(start),
  });
}

export function groupOf(item: Item): GroupRow {
  return {
    group: item["groupName"]?.S ?? "",
    stream: item["streamName"]?.S ?? "",
    start: checkpointOf(item),
    complete: item["complete"]?.BOOL ?? false,
  };
}

export const workerColumns = (state: WorkerRow["state"]): Record<string, Attribute> => ({
  [ENTITY]: { S: WORKER },
  workerState: { S: state },
});

export function workerOf(item: Item): WorkerRow {
  return {
    id: (item["leaseKey"]?.S ?? "").slice(workerKey("").length),
    counter: Number(item["workerCounter"]?.N ?? 0),
    state: item["workerState"]?.S === "draining" ? "draining" : "active",
  };
}

function defined(item: Record<string, Attribute | undefined>): Item {
  return Object.fromEntries(Object.entries(item).filter(([, value]) => value !== undefined));
}
