/** Shard leases and checkpoints, independent of any broker. */
export { LeaseEngine } from "./engine.ts";
export type { LeaseEngineOptions } from "./engine-options.ts";
export type { ShardStatus } from "./status.ts";
export type { LeaseEvent, LossReason } from "./events.ts";
export { Outages } from "./outages.ts";
export type { HeldShard, LeaseClaim } from "./held-shard.ts";
export type { AttemptRow, AttemptStore } from "./attempts.ts";
export { memoryAttempts } from "./memory/attempts.ts";
export { memoryLeases } from "./memory/index.ts";
export { seek, type SeekOptions } from "./seek.ts";
export { compareCheckpoints } from "./checkpoint.ts";
export type { Shard, ShardSource } from "./source.ts";
export type {
  Announce,
  Change,
  Checkpoint,
  Expect,
  GroupIdentity,
  GroupRow,
  LeaseRow,
  LeaseStore,
  LeaseTable,
  NewLease,
  StoreFault,
  Updated,
  WorkerRow,
} from "./store.ts";
export type { Timing } from "./timing.ts";
