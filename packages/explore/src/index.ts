/**
 * Breaks a service before production does. `checkHandler()` lets a process die after each effect of one handler; `explore()` runs whole
 * services on a virtual clock under crashes, duplicates, lost answers and bad timing.
 */
export { asItIs, type AsItIs, effect, type Effects } from "./effects.ts";
export {
  checkHandler,
  type CheckHandlerOptions,
  type HandlerFinding,
  type HandlerReport,
  type HandlerTools,
} from "./check-handler.ts";
export { memoryOutbox, type MemoryOutbox, type OutboxRow } from "./outbox.ts";
export { explore, type ExploreOptions, type ExploreReport, type Failure } from "./explore.ts";
export type {
  Accepted,
  Clock,
  Eventually,
  Facts,
  Never,
  PlayTools,
  Scenario,
  Service,
  ServiceTools,
} from "./scenario.ts";
export type { Faults } from "./faults.ts";
