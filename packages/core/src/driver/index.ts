/**
 * The driver interface: everything an adapter author implements.
 *
 * Core does batching, resending, order per key, retries, dead letters, heartbeats, back-pressure, expiry, shutdown and error
 * reporting. A driver maps messages to the broker's format, makes the broker's calls, knows its limits and errors, and keeps the
 * connection. A driver throws the client's raw errors and never retries: core calls {@link Connection.classify} and decides.
 *
 * All times are in milliseconds. A time named `deadline` is on the clock of {@link Runtime.monotonic}. A time named `At` or `time` is
 * on the clock of {@link Runtime.now} (the Unix epoch).
 */
export type { Adapter, DriverEvent } from "./adapter.ts";
export type { Capabilities } from "./capabilities.ts";
export type {
  Connection,
  Depth,
  Fault,
  FoundPlace,
  Moved,
  Moves,
  MoveTask,
  Phase,
  ReceiverOptions,
  ServerAddress,
} from "./connection.ts";
export type { Destination, Located, Model, Position } from "./destination.ts";
export type { Delivery, Lease, Outcome, Settlement } from "./lease.ts";
export type { LocalContent, WireMessage } from "./message.ts";
export type { PushedEvent, Verdict } from "./push.ts";
export type { Existing, ReceiverDriver } from "./receiver.ts";
export { HERE, type Resource, type ResourceList, type Resources } from "./resources.ts";
export type {
  BrokerRight,
  Condition,
  ConnectionUse,
  IamRight,
  Needed,
  Place,
  ResourceRights,
  ResourceStatement,
  Right,
  Rights,
  TopologyUse,
  UseDetails,
} from "./rights.ts";
export type { Runtime, RuntimeTimer } from "./runtime.ts";
export type { SenderDriver, Sent } from "./sender.ts";
export type { TailDriver, TailLeft, TailRecord, Tails, TailStart } from "./tail.ts";
export type { ApplyOptions, Change, Topology, TopologyPlan } from "./topology.ts";
