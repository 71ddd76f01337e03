/** The contract suite: the cases that every transport must pass, for our drivers and for those of others. */
export type { CaseContext, ContractCase } from "./case.ts";
export { cases } from "./cases/index.ts";
export type { Call, EntryFault, FaultControl, Trouble } from "./faults.ts";
export { command, type CommandIo, type CommandResult } from "./command/command.ts";
export type { Outcome, Unopened } from "./command/output.ts";
export type {
  Exemption,
  ForeignInput,
  Harness,
  HarnessSource,
  RestartableBroker,
  WireFaults,
} from "./harness.ts";
export { type Hooks, intercept } from "./intercept.ts";
export { type CaseResult, describe, matrix, notes, type Report, type Status, summary } from "./report.ts";
export { type RunOptions, runCase, runContract, skipReason } from "./run.ts";
export { seamFaults } from "./seam-faults.ts";
export { contract, type TestApi } from "./suite.ts";
