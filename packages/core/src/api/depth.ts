import type { Depth } from "../driver/index.ts";

/** The backlog of a group. Numbers that the broker does not give are absent. */
export interface GroupDepth extends Omit<Depth, "lease"> {
  readonly group: string;
  readonly leases: readonly Depth[];
}
