import type { Connection, Delivery, ReceiverDriver, ReceiverOptions, Runtime } from "../../driver/index.ts";
import type { MessagingEvent } from "../../api/events.ts";
import type { ChannelPlan, GroupPlan } from "../../plan/plan.ts";
import type { SendQueue } from "../../publish/queue/send-queue.ts";
import type { ConsumerShape } from "../../api/shapes.ts";
import type { Probe } from "../../wire/probe.ts";
import type { Bodies } from "./bodies.ts";
import type { AsyncScope } from "../../runtime/async-context.ts";
import type { Attempts } from "./known-attempts.ts";
import type { Budget } from "./budget.ts";
import type { Trouble, Troubles } from "../../base/troubles.ts";
import type { HeldMessage } from "./held-message.ts";

/** What the end of a handler says of what it needs. `neither`: nothing. */
export type HandlerOutcome = "passed" | "failed" | "neither";

/** Decides when handlers may start: a circuit breaker, a rate limit. See group/gate.ts. */
export interface Gate {
  /** How many handlers may start now. */
  readonly room: number;
  /** True while the breaker is not closed. */
  readonly open: boolean;
  /** Milliseconds that a message must wait before it may start. */
  waitMs(message: HeldMessage): number;
  started(message: HeldMessage): void;
  /** Call this with what a handler's end says, before {@link ended}. */
  note(message: HeldMessage, outcome: HandlerOutcome, error: unknown): void;
  ended(message: HeldMessage): void;
  /** Tries again now instead of at the end of the pause. */
  resume(): void;
  stop(): void;
  trouble(): Trouble | undefined;
  /** Called when handlers may start again. */
  onRoom: () => void;
  /** Called when the breaker opens. */
  onOpen: () => void;
}

type Without<T> = T extends unknown ? Omit<T, "connection" | "channel" | "group"> : never;
/** An event without the fields that the group adds. */
export type GroupEvent = Without<MessagingEvent>;

/** What became of a message beside its settlement: it has a dead letter, or its next attempt is due in `delayMs` milliseconds. */
export type ToldOf = { readonly dead: true } | { readonly delayMs: number };

/** What the parts of one group's consumption share. */
export interface GroupContext {
  readonly consumer: ConsumerShape;
  readonly channel: ChannelPlan;
  readonly plan: GroupPlan;
  /** The name of the group's queue or stream at the broker, suffixes included and secrets redacted. */
  readonly physicalName: string;
  readonly runtime: Runtime;
  readonly connection: Connection;
  /** Opens what the group receives from: a receiver of the connection, or an event that was pushed. */
  receiver(options: ReceiverOptions, signal: AbortSignal): Promise<ReceiverDriver>;
  /** Only for a pushed event: tells it what the answer must say and no settlement does. */
  readonly told?: ((delivery: Delivery, what: ToldOf) => void) | undefined;
  /** Reads the bodies of messages, if the channel has a pipeline. */
  readonly bodies: Bodies | undefined;
  /** Loads a reader for a message that has passed steps although its channel has none here. */
  loadBodies(): Promise<Bodies>;
  readonly budget: Budget;
  /** Absent if handlers may always start. */
  readonly gate: Gate | undefined;
  readonly attempts: Attempts;
  /** The last failure of a call or of reading a message. */
  readonly lastError: { readonly code: string; readonly message: string; readonly at: number } | undefined;
  /** Current failures, for `health()`. */
  readonly troubles: Troubles;
  /** The queue to its dead-letter destination. Absent if the policy blocks or skips. */
  readonly deadLetters: SendQueue | undefined;
  emit(event: GroupEvent): void;
  /** The async context of `consume()`, in which every handler runs. */
  readonly scope: AsyncScope;
  /** Absent without telemetry. */
  readonly probe: Probe | undefined;
  /** An observer wants successes, too. */
  readonly observed: boolean;
  /** Tracing is on: handlers run in the traces of their messages. */
  readonly traced: boolean;
  /** `observed` or `traced`, or telemetry is on. */
  readonly watched: boolean;
  /** Gives the class and message of an error, redacted and clipped, as they may leave the process. Needs no `this`. */
  readonly describe: (error: unknown) => string;
  /** Redacts a reason that a handler gave. */
  readonly redact: (reason: string) => string;
}
