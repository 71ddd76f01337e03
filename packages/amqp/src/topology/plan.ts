import type { Change, Destination, TopologyPlan } from "@switchyard/core/driver";
import type { Product } from "../client/link.ts";
import { addressOf, bucketsExchange, isOrdered, partitionQueues } from "../names.ts";
import type { ResolvedOptions } from "../options.ts";
import { brokerRetryOf, delaysRetries } from "../retry/broker-retry.ts";
import type { Planned } from "./apply.ts";
import { desiredFor, mapLimited, type Probe } from "./context.ts";
import { type Difference, exchangeDifferences, exists, queueDifferences } from "./differences.ts";
import { bindingsText } from "./marks.ts";
import type { Desired } from "./desired.ts";
import {
  destructiveChanges,
  hashIsKept,
  isPartitioned,
  keptCount,
  type Partitions,
  partitionsOn,
  surplusOf,
} from "./partitions.ts";
import type { DesiredExchange, DesiredQueue, Mark } from "./resources.ts";
import { ALTERNATE, HASH } from "./routing.ts";

/** Compares what exists with what the destinations need. Asks for the broker's version only if that matters. */
export async function planTopology(
  destinations: readonly Destination[],
  options: ResolvedOptions,
  probe: Probe,
  productOf: () => Promise<Product>,
): Promise<TopologyPlan> {
  const asked = destinations.filter((of) => brokerRetryOf(of) !== undefined);
  const product = asked.length === 0 ? undefined : await productOf();
  const able = product !== undefined && delaysRetries(product);
  const partitions = await mapLimited(unique(destinations).filter(isPartitioned), (of) => partitionsOn(of, probe));
  const counts = new Map(partitions.map((its) => [addressOf(its.of), keptCount(its)]));
  const hashed = new Set(partitions.filter(hashIsKept).map(({ of }) => addressOf(of)));
  const desired = desiredFor(
    destinations.map((of) => {
      const count = isPartitioned(of) ? counts.get(addressOf(of)) : undefined;
      return count === undefined ? of : { ...of, partitions: count };
    }),
    options,
    able,
    hashed,
  );
  const { changes, ...state } = await compareAll(desired, partitions, hashed, probe);
  const notes = product === undefined || able ? [] : asked.map((of) => cannotDelay(of, product));
  const destructive = partitions.flatMap(destructiveChanges);
  if (destructive.length === 0) return { changes: [...changes, ...notes], state };
  const whole = await compareAll(desiredFor(destinations, options, able), partitions, new Set(), probe);
  const { changes: _, ...rest } = whole;
  const destructively: Planned = { ...rest, surplus: partitions.flatMap(surplusOf) };
  return { changes: [...changes, ...destructive, ...notes], state: { ...state, destructively } };
}

async function compareAll(
  desired: Desired,
  partitions: readonly Partitions[],
  hashed: ReadonlySet<string>,
  probe: Probe,
): Promise<Planned & { readonly changes: readonly Change[] }> {
  const queues = await mapLimited(desired.queues, (of) => compare(of, probe));
  const without = new Set(queues.flat().flatMap((change) => (isWithoutRetry(change) ? [change.name] : [])));
  const exchanges = desired.exchanges.filter(({ marks }) => marks === undefined || !without.has(marks));
  const all = [...exchanges, ...desired.queues];
  const found = [...(await mapLimited(exchanges, (of) => compare(of, probe))), ...queues];
  const created = found.flat().filter(({ action }) => action === "create");
  const missing = new Set(created.map(({ name }) => name));
  const marked = await mapLimited(desired.marks, (mark) => compareMark(mark, missing, probe));
  const having = (action: Change["action"]) =>
    all.filter((_, at) => found[at]?.some((change) => change.action === action));
  const renew = having("update");
  const renewed = new Set(renew.map(({ name }) => name));
  const changing = new Set([...renewed, ...missing, ...hashed]);
  const left = await mapLimited(
    partitions.filter(({ of, count }) => count > 0 && isOrdered(of) && changing.has(addressOf(of))),
    (its) => leftBuckets(its, desired, probe),
  );
  return {
    create: having("create"),
    replace: having("destructive"),
    renew,
    unused: partitions.flatMap(({ of, there }) => (renewed.has(addressOf(of)) ? there : [])),
    retire: left.flat(),
    bindings: desired.marks.flatMap(({ bindings }) => bindings),
    stale: desired.stale,
    marks: desired.marks,
    surplus: [],
    changes: [...found.flat(), ...marked.flat(), ...left.flat().map(leftOver)],
  };
}

/** Exchanges of buckets that are not wanted. What a topic sends to one of them comes a second time to the partitions. */
async function leftBuckets({ of, count }: Partitions, desired: Desired, probe: Probe): Promise<DesiredExchange[]> {
  const wanted = new Set(desired.exchanges.map(({ name }) => name));
  const most = Math.max(count, partitionQueues(of).length);
  const others = Array.from({ length: most }, (_, n) => bucketsExchange({ ...of, partitions: n + 1 }))
    .filter((name) => !wanted.has(name))
    .map((name): DesiredExchange => ({ kind: "exchange", name, type: "direct", arguments: {}, external: false }));
  const there = await mapLimited(others, (each) => exists(each, probe));
  return others.filter((_, at) => there[at]);
}

const leftOver = ({ name }: DesiredExchange): Change => ({
  action: "update",
  resource: "exchange",
  name,
  summary: "left from another number of partitions, or by an apply that was interrupted: it is deleted",
});

async function compare(of: DesiredQueue | DesiredExchange, probe: Probe): Promise<readonly Change[]> {
  const subject = { resource: of.kind, name: of.name };
  if (!(await exists(of, probe))) {
    return of.external
      ? [{ ...subject, action: "drift", summary: "given by address and missing: its owner must create it" }]
      : [{ ...subject, action: "create", summary: describe(of), detail: { ...of.arguments } }];
  }
  if (of.external) return [];
  const differences = of.kind === "queue" ? await queueDifferences(of, probe) : await exchangeDifferences(of, probe);
  const [older, others] = partition(
    differences.filter((one) => !suffices(of, one)),
    ({ attribute, is }) => RETRY.test(attribute) && is === "none",
  );
  const [limit] = others;
  const changes =
    of.kind === "queue" && others.length === 1 && limit?.attribute === LIMIT
      ? [lowLimit(of, limit)]
      : others.map((difference) =>
          of.kind === "exchange" && isRenewable(of, difference) ? renewal(of, difference) : changeOf(of, difference),
        );
  // The queue was made before the broker could delay retries. To replace it would lose its messages.
  if (older.length > 0) {
    const summary =
      "made without delayed retry, which RabbitMQ cannot add to an existing queue: retries go through the delay queues until it is deleted and made again";
    changes.push({ ...subject, action: "drift", summary });
  }
  return changes;
}

/** Reports no change if the bound queue or exchange is itself missing, because the change that creates it is enough. */
async function compareMark(mark: Mark, missing: ReadonlySet<string>, probe: Probe): Promise<readonly Change[]> {
  if (await exists(mark, probe)) return [];
  if (mark.bindings.every((one) => missing.has(one.to) || missing.has(one.from))) return [];
  return [{ action: "update", resource: "binding", name: mark.place, summary: bindingsText(mark) }];
}

const unique = (destinations: readonly Destination[]): readonly Destination[] => [
  ...new Map(destinations.map((of) => [addressOf(of), of])).values(),
];

/** True for a limit that was made for another number of attempts and is high enough for the present one. */
const suffices = (of: DesiredQueue | DesiredExchange, { attribute, is }: Difference): boolean =>
  attribute === LIMIT && of.kind === "queue" && Number(is) >= (of.leastLimit ?? Number.POSITIVE_INFINITY);

const LIMIT = "x-delivery-limit";

/** Reports a limit below the current attempts as drift, with what a person can do. To replace the queue would lose its messages. */
function lowLimit(of: DesiredQueue, { attribute, is, wanted }: Difference): Change {
  const why = "RabbitMQ cannot raise the limit of an existing queue, not even by a policy: the lower of the two counts";
  const what = `lower retry.attempts to ${Math.max(1, Number(is))} or less; or stop publishing, let the consumers empty the queue, delete it and apply again`;
  return {
    action: "drift",
    resource: of.kind,
    name: of.name,
    summary: `${attribute}: is ${is}, and the policy's attempts need ${of.leastLimit} or more; ${why}. Without loss: ${what}`,
    detail: { attribute, is, wanted },
  };
}

/** True for a queue that was made before the broker could delay retries, or that its owner must create. */
const isWithoutRetry = ({ action, detail }: Change): boolean => action === "drift" && detail?.["attribute"] !== LIMIT;

const RETRY = /^x-delayed-retry-/;

function partition<T>(all: readonly T[], holds: (one: T) => boolean): readonly [T[], T[]] {
  const [yes, no]: [T[], T[]] = [[], []];
  for (const one of all) (holds(one) ? yes : no).push(one);
  return [yes, no];
}

const cannotDelay = (of: Destination, { name, version }: Product): Change => ({
  action: "drift",
  resource: "queue",
  name: addressOf(of),
  summary: `${name} ${version} cannot delay retries itself (RabbitMQ 4.3 can), so they go through the delay queues`,
});

/** True for an entrance that may be deleted and made anew: nobody else has bound anything to it. */
const isRenewable = ({ entrance }: DesiredExchange, { attribute, is }: Difference): boolean =>
  entrance === true && (attribute === ALTERNATE || (attribute === "type" && is === HASH));

function renewal({ kind, name }: DesiredExchange, { attribute, is, wanted }: Difference): Change {
  const why =
    attribute === "type"
      ? "so that keys keep their partitions when the broker restarts; publishers of earlier versions must be gone"
      : "for another number of partitions";
  return {
    action: "update",
    resource: kind,
    name,
    summary: `${attribute}: is ${is}, should be ${wanted}; it is deleted and made again, ${why}`,
    detail: { attribute, is, wanted },
  };
}

function changeOf(of: DesiredQueue | DesiredExchange, { attribute, is, wanted }: Difference): Change {
  const lost = of.kind === "queue" ? "messages" : "foreign bindings";
  return {
    action: "destructive",
    resource: of.kind,
    name: of.name,
    summary: `${attribute}: is ${is}, should be ${wanted}; RabbitMQ cannot change an existing ${of.kind}: it is deleted and created again, and its ${lost} are lost`,
    detail: { attribute, is, wanted },
  };
}

function describe(of: DesiredQueue | DesiredExchange): string {
  if (of.kind === "exchange") return `${of.type} exchange`;
  const { "x-queue-type": type, ...rest } = of.arguments;
  const details = Object.entries(rest).map(([name, value]) => `${name.slice(2)} ${value === "" ? '""' : value}`);
  return `${type} queue${details.length === 0 ? "" : `: ${details.join(", ")}`}`;
}
