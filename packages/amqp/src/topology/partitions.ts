/**
 * What exists of the partitions of a destination. Their number decides where a key goes, and so does the exchange in front of them. Both are
 * fixed while a partition is used: a change then is destructive, because keys would change their queues and lose their order.
 */
import type { Change, Destination } from "@switchyard/core/driver";
import { addressOf, isOrdered, partitionName, partitionQueues } from "../names.ts";
import type { Probe } from "./context.ts";
import { exchangeDifferences, exists } from "./differences.ts";
import { entranceOf, HASH } from "./routing.ts";

export interface Partitions {
  readonly of: Destination;
  /** The queues that exist, and the lowest number of partitions that has room for all of them. */
  readonly there: readonly string[];
  readonly count: number;
  /** True if one of them has messages or consumers. It is asked for only if something differs. */
  readonly used: boolean;
  /** True if the exchange in front of them is the hash exchange of an earlier version. */
  readonly hashed: boolean;
}

const MOST = 1_000;

export const isPartitioned = (of: Destination): boolean =>
  of.model === "stream" || (isOrdered(of) && (of.model === "queue" || of.group !== undefined));

export async function partitionsOn(of: Destination, probe: Probe): Promise<Partitions> {
  const wanted = partitionQueues(of).length;
  const there: string[] = [];
  let count = 0;
  for (let n = 0; n < MOST; n++) {
    const name = partitionName(of, n);
    if (await exists({ kind: "queue", name, arguments: {}, external: false }, probe)) {
      there.push(name);
      count = n + 1;
    } else if (n >= wanted) break;
  }
  const hashed = there.length > 0 && (await hasHashExchange(of, probe));
  const differs = there.length > 0 && (hashed || count !== wanted);
  return { of, there, count, hashed, used: differs && (await anyUsed(there, probe)) };
}

async function hasHashExchange(of: Destination, probe: Probe): Promise<boolean> {
  if (!isOrdered(of) || of.address !== undefined) return false;
  const entrance = entranceOf(of);
  if (!(await exists(entrance, probe))) return false;
  return (await exchangeDifferences(entrance, probe)).some(({ attribute, is }) => attribute === "type" && is === HASH);
}

/** True if one of the queues has messages or consumers. */
export async function anyUsed(queues: readonly string[], probe: Probe): Promise<boolean> {
  const states = await Promise.all(queues.map((name) => probe((channel) => channel.checkQueue(name))));
  return states.some(({ messageCount, consumerCount }) => messageCount > 0 || consumerCount > 0);
}

/** True if only a destructive `apply` changes the number. */
const countIsFixed = ({ of, count, used }: Partitions): boolean => {
  const wanted = partitionQueues(of).length;
  return count > wanted || (count > 0 && count < wanted && used);
};

export const hashIsKept = ({ hashed, used }: Partitions): boolean => hashed && used;

/** The number of partitions that stays unless a change is destructive. Undefined if it is the wanted one. */
export const keptCount = (its: Partitions): number | undefined => (countIsFixed(its) ? its.count : undefined);

/** Existing partitions beyond the number in the configuration. */
export const surplusOf = ({ of, there }: Partitions): readonly string[] => {
  const wanted = new Set(partitionQueues(of));
  return there.filter((name) => !wanted.has(name));
};

/** What only a destructive `apply` changes. */
export function destructiveChanges(its: Partitions): readonly Change[] {
  const changes: Change[] = [];
  const name = addressOf(its.of);
  if (countIsFixed(its)) {
    const [is, wanted] = [its.count, partitionQueues(its.of).length];
    const surplus = surplusOf(its);
    changes.push({
      action: "destructive",
      resource: "partitions",
      name,
      summary: `partitions: is ${is}, should be ${wanted}; the number is fixed once used: keys would change their queues and lose their order${surplus.length === 0 ? "" : `, and ${surplus.join(", ")} would be deleted with their messages`}`,
      detail: { attribute: "partitions", is: String(is), wanted: String(wanted) },
    });
  }
  if (hashIsKept(its)) {
    changes.push({
      action: "destructive",
      resource: "exchange",
      name,
      summary: `type: is ${HASH}, should be direct; a hash exchange moves keys to other partitions when the broker restarts. To replace it while partitions are used moves keys too, once. To keep their order: stop the publishers, let the consumers empty the partitions, stop them, and plan and apply again`,
      detail: { attribute: "type", is: HASH, wanted: "direct" },
    });
  }
  return changes;
}
