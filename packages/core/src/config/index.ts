/** Resolves the configuration to a plan. Loaded lazily, because it loads zod and, if a text needs it, yaml. */
export { type ResolveInput, resolvePlan } from "./resolve.ts";
export type * from "../api/config-input.ts";
