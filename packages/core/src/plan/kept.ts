import type { Destination } from "../driver/index.ts";
import type { GroupPlan, Plan } from "./plan.ts";

/** For how long a message of the group may come, in milliseconds: while its queue keeps it, and after that while the dead letters do. */
export function keptMs(plan: Pick<Plan, "connections">, group: GroupPlan): number {
  return retention(group.from, group.capabilities.retentionMs) + deadLetterRetention(plan, group);
}

function deadLetterRetention(
  { connections }: Pick<Plan, "connections">,
  { deadLetter, deadLetterOn, from }: GroupPlan,
): number {
  if (deadLetter === undefined) return 0;
  const on = connections[deadLetterOn ?? ""];
  const declared = on?.adapter.capabilities(deadLetter, on.options)?.retentionMs;
  return retention(deadLetter, declared ?? from.retentionMs ?? 0);
}

/** SQS's longest. It keeps messages the shortest of the brokers whose retention has a limit. */
const UNKNOWN_MS = 14 * 86_400_000;

/** An existing queue may keep messages longer than its adapter assumes. */
export const retention = ({ address, baseAddress }: Destination, declaredMs: number): number =>
  address === undefined && baseAddress === undefined ? declaredMs : Math.max(declaredMs, UNKNOWN_MS);
