/** Configuration, resolved to the plan. Loaded lazily: it brings zod and yaml. */
export { type ResolveInput, resolvePlan } from "./resolve.ts";
export type * from "../api/config-input.ts";
