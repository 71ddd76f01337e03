/** What `connect()` makes before there is a service: its plan, connections, pipelines and hooks. */
import type { Observe } from "../api/events.ts";
import type { ChannelShape } from "../api/shapes.ts";
import type { Redact } from "../consume/attempt/describe-error.ts";
import type { Gate, GroupContext } from "../consume/lease/group-context.ts";
import type { Runtime } from "../driver/runtime.ts";
import type { Plan } from "../plan/plan.ts";
import type { Watch } from "../wire/probe.ts";
import type { Connections } from "./connections.ts";
import type { Pipelines } from "./pipelines.ts";

export interface MessagingParts {
  readonly plan: Plan;
  readonly channels: readonly ChannelShape[];
  readonly connections: Connections;
  /** Absent if no channel has a pipeline. */
  readonly pipelines?: Pipelines | undefined;
  /** Absent if no group has a breaker or a rate limit. */
  readonly gateOf?: ((context: GroupContext) => Gate | undefined) | undefined;
  readonly runtime: Runtime;
  readonly observe: Observe;
  /** The observer wants successes, too. */
  readonly observed: boolean;
  /** Redacts the texts of handlers' errors. */
  readonly redact?: Redact | undefined;
  /** Absent without telemetry. */
  readonly watch?: Watch | undefined;
}
