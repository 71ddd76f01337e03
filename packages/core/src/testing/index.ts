/** Test tools: a runtime with virtual time, and single attempts without a broker. */
export { seededRandom, uuidFrom } from "./random.ts";
export { type VirtualRuntime, type VirtualRuntimeOptions, virtualRuntime } from "./virtual-runtime.ts";
export { type AttemptOptions, attemptOnce, type AttemptResult } from "./attempt-once.ts";
export { type ReadMessage, readMessage } from "./read-message.ts";
export { type ConnectAgain, type ResolvedConfig, resolveConfig } from "./resolved-config.ts";
export { policyOf } from "../config/resolve/policies.ts";
