/** Configuration, resolved to the plan. Loaded lazily: it brings zod, and yaml where a text needs it. */
export { type ResolveInput, resolvePlan } from "./resolve.ts";
export type * from "../api/config-input.ts";
