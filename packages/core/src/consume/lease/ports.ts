import type { Capabilities, Connection, Runtime } from "../../driver/index.ts";
import type { MessagingEvent } from "../../api/events.ts";
import type { ChannelPlan, GroupPlan } from "../../plan/plan.ts";
import type { SendQueue } from "../../publish/queue/send-queue.ts";
import type { ConsumerShape } from "../../api/shapes.ts";
import type { Attempts } from "./known-attempts.ts";
import type { Budget } from "./budget.ts";
import type { Held } from "./held-message.ts";
import type { LeaseRunner } from "./lease-runner.ts";
import type { Window } from "./window.ts";
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

/** What a lease needs of the group it belongs to. */
export interface LeaseHost {
  readonly context: GroupContext;
  readonly capabilities: Capabilities;
  readonly stopping: boolean;
  /** The head of its lane, or unordered: to be dispatched. */
  enqueue(held: Held): void;
  /** Messages have come that a batch could take with the heads of their lanes. */
  gathered(): void;
  /** The most one lease may ask for, so that each gets its part of the budget. */
  share(): number;
  /** One was given back unstarted, because of a stop. */
  gaveBack(): void;
  /** How long a receive may wait for a message. */
  waitMs(): number;
  /** The budget is used up and a fetch waits for it. */
  full(): void;
  /** A lease waits for room in the budget: idle receives of others give back what is beyond their share. */
  makeRoom(of: LeaseRunner): void;
  /** How many messages a broker that pushes may have here. */
  readonly window: Window;
}
