import type { Connection, Runtime } from "../driver/index.ts";
import { retried } from "./retried.ts";
import { fromFault, MessagingError } from "../api/errors.ts";
import type { GroupDepth } from "../api/depth.ts";
import type { ChannelPlan, GroupPlan } from "../plan/plan.ts";

/** The backlog of a group over all its leases. Numbers that the transport cannot give are absent. */
export async function depthOf(
  connection: Connection,
  channel: ChannelPlan,
  group: GroupPlan,
  closed: AbortSignal,
  runtime: Runtime,
): Promise<GroupDepth> {
  const errorContext = { channel: channel.channel, group: group.group };
  if (group.from.runsOn !== undefined && group.from.model === "stream") {
    const text = `group "${group.group}" of "${channel.channel}" runs on ${group.from.runsOn}, which keeps its position: ask there (Lambda: the metric IteratorAge)`;
    throw new MessagingError("depth-unsupported", text, { kind: "config", ...errorContext });
  }
  if (connection.depth === undefined) {
    throw new MessagingError("depth-unsupported", `the transport of "${channel.channel}" cannot tell its depth`, {
      kind: "config",
      ...errorContext,
    });
  }
  const once = () =>
    connection.depth!(group.from, closed).catch((cause: unknown) => {
      closed.throwIfAborted();
      throw fromFault(connection.classify(cause, "open"), `depth of "${channel.channel}"`, cause, errorContext);
    });
  const leases = await retried(runtime, closed, once);
  const sum = { group: group.group, leases } as { -readonly [K in keyof GroupDepth]: GroupDepth[K] };
  for (const name of ["ready", "delayed", "held"] as const) {
    const known = leases.flatMap((lease) => lease[name] ?? []);
    if (known.length > 0) sum[name] = known.reduce((total, each) => total + each, 0);
  }
  const ages = leases.flatMap(({ oldestMs }) => oldestMs ?? []);
  if (ages.length > 0) sum.oldestMs = Math.max(...ages);
  return sum;
}
