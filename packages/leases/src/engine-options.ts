import type { Position, Runtime } from "@switchyard/core/driver";
import type { LeaseEvent } from "./events.ts";
import type { ShardSource } from "./source.ts";
import type { LeaseStore } from "./store.ts";
import type { Timing } from "./timing.ts";

export interface LeaseEngineOptions {
  readonly store: LeaseStore;
  readonly source: ShardSource;
  /** The consumer group, as the store is to remember it. */
  readonly group: string;
  /** What names the log for good: an ARN with its creation time, a name. A table made for another is refused. */
  readonly stream: string;
  /** Where the group starts, the first time ever. */
  readonly start: Position;
  readonly runtime: Runtime;
  /** Unique in the group and new for every process. Default: a UUID. */
  readonly worker?: string;
  readonly timing?: Timing;
  readonly report?: (event: LeaseEvent) => void;
}
