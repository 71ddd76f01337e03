/** Types only: what the parts of a lease need from each other and from the group. */
import type { Capabilities, Fault, Lease, Phase, Runtime } from "../../driver/index.ts";
import type { GroupContext } from "./group-context.ts";
import type { HeldMessage } from "./held-message.ts";
import type { Window } from "./window.ts";

/** A lease as its parts see it. */
export interface LeaseWork {
  readonly lease: Lease;
  readonly host: LeaseHost;
  readonly runtime: Runtime;
  /** True for a log, which is settled by checkpoint. Nothing can be returned to it. */
  readonly log: boolean;
  /** True while the lease is being given up: failures are not retried here any more. */
  readonly ending: boolean;
  /** The driver's largest batch, in messages. */
  readonly batch: number;
  classify(cause: unknown, during: Phase): Fault;
  /** Call this when a hold ended before its handler did, or before a handler was free. */
  overrun(): void;
  /** On a log: call this when the window may have room again. */
  windowMoved(): void;
  /** Ends a lease that cannot continue. The receiver is then reopened. */
  broken(cause: unknown, fault: Fault): void;
}

/** A lease's use of the group's in-flight budget. */
export interface LeaseRoom {
  /** Places taken by held messages and reserved by receives in flight. */
  readonly placesTaken: number;
  /** True if its receives in flight reserve more than `share`, or wait longer than `waitMs`. */
  holdsRoom(share: number, waitMs: number): boolean;
  /** Ends its receives in flight early; they begin again with its share. */
  interrupt(): void;
}

/** What a lease needs from its group. */
export interface LeaseHost {
  readonly context: GroupContext;
  readonly capabilities: Capabilities;
  readonly stopping: boolean;
  /** Dispatches a message that is unordered or the head of its lane. */
  enqueue(message: HeldMessage): void;
  /** Call this when messages arrived behind the heads of their lanes: a batch could take them too. */
  gathered(): void;
  /** The most messages one lease may request, so that each gets its part of the budget. */
  share(): number;
  /** Counts a message returned unstarted because of a stop. */
  gaveBack(): void;
  /** Milliseconds a receive may wait for a message. */
  waitMs(): number;
  /** Call this when the budget is used up and a receive waits for it. */
  full(): void;
  /** The limit on messages that a push broker may have in this process. */
  readonly window: Window;
  /** Call this when a lease waits for room: idle receives of other leases then release what is beyond their share. */
  makeRoom(of: LeaseRoom): void;
}
