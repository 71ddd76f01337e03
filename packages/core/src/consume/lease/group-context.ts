import type { Connection, Runtime } from "../../driver/index.ts";
import type { MessagingEvent } from "../../api/events.ts";
import type { ChannelPlan, GroupPlan } from "../../plan/plan.ts";
import type { SendQueue } from "../../publish/queue/send-queue.ts";
import type { ConsumerShape } from "../../api/shapes.ts";
import type { Attempts } from "./known-attempts.ts";
import type { Budget } from "./budget.ts";
import type { Troubles } from "../../base/troubles.ts";

type Without<T> = T extends unknown ? Omit<T, "connection" | "channel" | "group"> : never;
/** An event but for what the group adds. */
export type GroupEvent = Without<MessagingEvent>;

/** What the parts of one group's consumption share. */
export interface GroupContext {
  readonly consumer: ConsumerShape;
  readonly channel: ChannelPlan;
  readonly plan: GroupPlan;
  /** What the broker calls the group's queue or stream, suffixes included, as people may read it. */
  readonly physicalName: string;
  readonly runtime: Runtime;
  readonly connection: Connection;
  readonly budget: Budget;
  readonly attempts: Attempts;
  /** What fails now, for `health()`. */
  readonly troubles: Troubles;
  /** Where its dead letters go; absent where the policy blocks or skips. */
  readonly deadLetters: SendQueue | undefined;
  emit(event: GroupEvent): void;
  /** Somebody observes: successes are reported, too. */
  readonly observed: boolean;
  /** The program traces: handlers run in the traces of their messages. */
  readonly traced: boolean;
  /** Either. */
  readonly watched: boolean;
  /** Class and message of an error, redacted and bounded, for what leaves the process. Bound: it may be passed on. */
  readonly describe: (error: unknown) => string;
}
