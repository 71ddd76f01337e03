import type { Position, Runtime } from "@switchyard/core/driver";
import type { LeaseEvent } from "./events.ts";
import type { ShardSource } from "./source.ts";
import type { LeaseStore } from "./store.ts";
import type { Timing } from "./timing.ts";

/** The options of the lease engine. Durations are in milliseconds. */
export interface LeaseEngineOptions {
  readonly store: LeaseStore;
  readonly source: ShardSource;
  /** The consumer group's name in the store. */
  readonly group: string;
  /** The log's permanent identity, such as an ARN with its creation time. A table made for another log is refused. */
  readonly stream: string;
  /** Where the group starts if it has no checkpoints yet. */
  readonly start: Position;
  readonly runtime: Runtime;
  /** Unique in the group and new for every process. Default: a UUID. */
  readonly worker?: string;
  readonly timing?: Timing;
  readonly report?: (event: LeaseEvent) => void;
}
