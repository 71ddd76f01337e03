/** The number of partitions decides where a key goes, so it is fixed once one of them is used. */
import type { Change, Destination } from "@switchyard/core/driver";
import { addressOf, isOrdered, partitionName, partitionQueues } from "../names.ts";
import type { Probe } from "./context.ts";
import { exists } from "./differences.ts";

export interface PartitionChange {
  readonly change: Change;
  /** Partitions that only a destructive `apply` creates. */
  readonly withheld: readonly string[];
  /** Existing partitions beyond the number in the configuration. */
  readonly surplus: readonly string[];
}

const MOST = 1_000;

/** Undefined if there are as many as wanted, none yet, or none in use. `missing` are the queues that do not exist. */
export async function partitionChange(
  of: Destination,
  missing: ReadonlySet<string>,
  probe: Probe,
): Promise<PartitionChange | undefined> {
  if (!isOrdered(of) && of.model !== "stream") return undefined;
  const wanted = partitionQueues(of);
  const there = wanted.filter((name) => !missing.has(name));
  const surplus: string[] = [];
  for (let n = wanted.length; n < MOST && (await isThere(partitionName(of, n), probe)); n++)
    surplus.push(partitionName(of, n));
  const withheld = wanted.filter((name) => missing.has(name));
  const grown = there.length > 0 && withheld.length > 0 && (await anyUsed(there, probe));
  if (!grown && surplus.length === 0) return undefined;
  const change: Change = {
    action: "destructive",
    resource: "partitions",
    name: addressOf(of),
    summary: `partitions: is ${there.length + surplus.length}, should be ${wanted.length}; the number is fixed once used: keys would change their queues and lose their order${surplus.length === 0 ? "" : `, and ${surplus.join(", ")} would be deleted with their messages`}`,
    detail: { attribute: "partitions", is: String(there.length + surplus.length), wanted: String(wanted.length) },
  };
  return { change, withheld: grown ? withheld : [], surplus };
}

const isThere = (name: string, probe: Probe): Promise<boolean> =>
  exists({ kind: "queue", name, arguments: {}, external: false }, probe);

/** True if one of the queues has messages or consumers. */
async function anyUsed(queues: readonly string[], probe: Probe): Promise<boolean> {
  const states = await Promise.all(queues.map((name) => probe((channel) => channel.checkQueue(name))));
  return states.some(({ messageCount, consumerCount }) => messageCount > 0 || consumerCount > 0);
}
