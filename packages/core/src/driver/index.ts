/**
 * The seam: what an adapter author implements, and nothing else.
 *
 * Core owns batching, resending, order per key, retries, dead letters, heartbeats, back-pressure, expiry, shutdown and
 * the one error class. A driver owns wire mapping, the broker's calls, its limits, its fault table and its connection.
 * A driver throws raw errors and never retries: core calls {@link Connection.classify} and decides.
 *
 * All times are milliseconds. A time called `deadline` is on {@link Runtime.monotonic}'s clock; one called `At` or `time`
 * is on {@link Runtime.now}'s (the Unix epoch).
 */
export type { Adapter, DriverEvent } from "./adapter.ts";
export type { Capabilities } from "./capabilities.ts";
export type { Connection, Depth, Fault, Phase, ReceiverOptions } from "./connection.ts";
export type { Destination, Located, Model, Position } from "./destination.ts";
export type { Delivery, Lease, Outcome, Settlement } from "./lease.ts";
export type { LocalContent, WireMessage } from "./message.ts";
export type { Existing, ReceiverDriver } from "./receiver.ts";
export type { Runtime, RuntimeTimer } from "./runtime.ts";
export type { SenderDriver, Sent } from "./sender.ts";
export type { Change, Topology, TopologyPlan } from "./topology.ts";
