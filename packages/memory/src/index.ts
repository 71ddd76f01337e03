export { adapter, memory } from "./adapter.ts";
export type { MemoryOptions } from "./options.ts";
