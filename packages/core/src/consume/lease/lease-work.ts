/** Types only: what the parts of one lease's work ask of each other and of the group. */
import type { Capabilities, Fault, Lease, Phase, Runtime } from "../../driver/index.ts";
import type { GroupContext } from "./group-context.ts";
import type { HeldMessage } from "./held-message.ts";
import type { Window } from "./window.ts";

/** The lease that the parts work on. */
export interface LeaseWork {
  readonly lease: Lease;
  readonly host: LeaseHost;
  readonly runtime: Runtime;
  /** Settled by checkpoint: a log. Nothing can be given back to it. */
  readonly log: boolean;
  /** What fails now is not tried again here. */
  readonly ending: boolean;
  /** The most messages one call of its driver may carry. */
  readonly batch: number;
  classify(cause: unknown, during: Phase): Fault;
  /** A hold has ended before the handler did, or before a handler was free for it. */
  overrun(): void;
  /** On a log there may be room again. */
  windowMoved(): void;
  /** The lease can't go on: it ends, and the receiver is opened anew. */
  broken(cause: unknown, fault: Fault): void;
}

/** What a lease takes of the group's in-flight budget. */
export interface LeaseRoom {
  /** Places of what is held, and of what the receives under way have reserved. */
  readonly placesTaken: number;
  /** Its receives hold room that another lease may want: more than its share, or for longer than they would now. */
  holdsRoom(share: number, waitMs: number): boolean;
  /** Its receives under way end early, and begin again with its share. */
  interrupt(): void;
}

/** What a lease needs of the group it belongs to. */
export interface LeaseHost {
  readonly context: GroupContext;
  readonly capabilities: Capabilities;
  readonly stopping: boolean;
  /** The head of its lane, or unordered: to be dispatched. */
  enqueue(message: HeldMessage): void;
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
  /** How many messages a broker that pushes may have here. */
  readonly window: Window;
  /** A lease waits for room in the budget: idle receives of others give back what is beyond their share. */
  makeRoom(of: LeaseRoom): void;
}
