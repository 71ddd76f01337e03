export type { AttemptResult } from "@switchyard/core/testing";
export { type Control, control } from "../control.ts";
export type { FailKind, InjectedFaults } from "../broker/injected-faults.ts";
export { forgetBroker } from "../broker/registry.ts";
export { deliver, type DeliverOptions } from "./deliver.ts";
export type { BrokerMessage, DeadMessage } from "./inspect.ts";
export type { TestbedOptions } from "./settings.ts";
export { type BedClock, type Testbed, testbed } from "./testbed.ts";
