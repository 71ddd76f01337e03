import type { Depth } from "@switchyard/core/driver";
import type { Clock } from "./broker/clock.ts";
import { Log } from "./broker/log.ts";
import type { Queue } from "./broker/queue.ts";

/** Exact at the time of the call. For a log: the group's records that are not settled, by partition. */
export function depthOf(of: Queue | Log, group: string | undefined, clock: Clock): readonly Depth[] {
  if (of instanceof Log) return logDepth(of, group, clock);
  of.look();
  const oldest = of.all.oldest;
  return [
    {
      lease: of.name,
      ready: of.ready,
      delayed: of.delayed,
      held: of.held,
      ...(oldest === undefined ? {} : { oldestMs: clock.now() - oldest.at }),
    },
  ];
}

function logDepth(log: Log, groupName: string | undefined, clock: Clock): readonly Depth[] {
  log.trim();
  const group = groupName === undefined ? undefined : log.groups.get(groupName);
  return [...log.partitions.values()].flatMap((partition) => {
    const from = Math.max(partition.first, group?.checkpoint(partition.id) ?? partition.first);
    const read = Math.max(from, group?.readTo(partition.id) ?? from);
    // It is read to its end, and nothing follows.
    if (partition.closed && from >= partition.end) return [];
    const oldest = partition.read(from);
    const holder = group?.holder(partition.id);
    const depth: Depth = {
      lease: partition.id,
      ...(holder === undefined ? {} : { holder }),
      ready: partition.end - read,
      held: read - from,
      ...(oldest === undefined ? {} : { oldestMs: clock.now() - oldest.at }),
    };
    return [depth];
  });
}
