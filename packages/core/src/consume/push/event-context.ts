import type { Delivery, ReceiverDriver } from "../../driver/index.ts";
import { capturedContext } from "../../runtime/async-context.ts";
import { Budget } from "../lease/budget.ts";
import type { Gate, GroupContext, GroupEvent, ToldOf } from "../lease/group-context.ts";
import type { HeldMessage } from "../lease/held-message.ts";

/**
 * The context of one event. What a handler past its time occupies, a place in the budget or among the running handlers, belongs to its
 * own event, so later events have all of theirs.
 */
export class EventContext implements GroupContext {
  readonly consumer: GroupContext["consumer"];
  readonly channel: GroupContext["channel"];
  readonly plan: GroupContext["plan"];
  readonly physicalName: string;
  readonly runtime: GroupContext["runtime"];
  readonly connection: GroupContext["connection"];
  readonly attempts: GroupContext["attempts"];
  readonly troubles: GroupContext["troubles"];
  /** The async context of the event: of the invocation, with what its wrappers keep there. */
  readonly scope = capturedContext();
  readonly probe: GroupContext["probe"];
  readonly observed: boolean;
  readonly traced: boolean;
  readonly watched: boolean;
  readonly describe: GroupContext["describe"];
  readonly redact: GroupContext["redact"];
  readonly budget: Budget;
  readonly gate: RunningHandlers;
  readonly told: (delivery: Delivery, what: ToldOf) => void;
  readonly #group: GroupContext;
  readonly #receiver: ReceiverDriver;

  constructor(group: GroupContext, receiver: ReceiverDriver, told: (delivery: Delivery, what: ToldOf) => void) {
    this.#group = group;
    this.#receiver = receiver;
    this.consumer = group.consumer;
    this.channel = group.channel;
    this.plan = group.plan;
    this.physicalName = group.physicalName;
    this.runtime = group.runtime;
    this.connection = group.connection;
    this.attempts = group.attempts;
    this.troubles = group.troubles;
    this.probe = group.probe;
    this.observed = group.observed;
    this.traced = group.traced;
    this.watched = group.watched;
    this.describe = group.describe;
    this.redact = group.redact;
    this.budget = new Budget(group.plan.maxInFlight, group.plan.maxInFlightBytes);
    this.gate = new RunningHandlers();
    this.told = told;
  }

  get bodies(): GroupContext["bodies"] {
    return this.#group.bodies;
  }

  get lastError(): GroupContext["lastError"] {
    return this.#group.lastError;
  }

  get deadLetters(): GroupContext["deadLetters"] {
    return this.#group.deadLetters;
  }

  loadBodies(): ReturnType<GroupContext["loadBodies"]> {
    return this.#group.loadBodies();
  }

  receiver(): Promise<ReceiverDriver> {
    return Promise.resolve(this.#receiver);
  }

  emit(event: GroupEvent): void {
    this.#group.emit(event);
  }
}

/** A gate that is always open and knows which handlers run. */
export class RunningHandlers implements Gate {
  readonly room = Number.POSITIVE_INFINITY;
  readonly open = false;
  readonly messages = new Set<HeldMessage>();
  onRoom: () => void = () => {};
  onOpen: () => void = () => {};
  /** Called for each message whose handler has ended. */
  onEnd: (message: HeldMessage) => void = () => {};

  waitMs(): number {
    return 0;
  }

  started(message: HeldMessage): void {
    this.messages.add(message);
  }

  note(): void {}

  ended(message: HeldMessage): void {
    this.messages.delete(message);
    this.onEnd(message);
  }

  resume(): void {}

  stop(): void {}

  trouble(): undefined {
    return undefined;
  }
}
