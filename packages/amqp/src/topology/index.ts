import type { Change, Destination, Runtime, Topology, TopologyPlan } from "@switchyard/core/driver";
import { MessagingError } from "@switchyard/core/driver-kit";
import { brokerRetryOf, delaysRetries } from "../retry/broker-retry.ts";
import type { AmqpChannel } from "../sdk.ts";
import { dialer } from "../client/dial.ts";
import { classify } from "../errors.ts";
import { Link, type Product } from "../client/link.ts";
import { nativeProblems } from "../native.ts";
import { addressOf, locate } from "../names.ts";
import { type ResolvedOptions, urlsOf } from "../options.ts";
import { type Desired, desire } from "./desired.ts";
import type { Binding, DesiredExchange, DesiredQueue, Mark } from "./resources.ts";
import { bindingsText } from "./marks.ts";
import { partitionChange } from "./partitions.ts";
import { type Difference, exchangeDifferences, exists, type Probe, queueDifferences } from "./differences.ts";

interface State {
  readonly create: readonly (DesiredQueue | DesiredExchange)[];
  /** What differs and can only be made anew. */
  readonly replace: readonly (DesiredQueue | DesiredExchange)[];
  readonly bindings: readonly Binding[];
  readonly stale: readonly Mark[];
  /** Made last. */
  readonly marks: readonly Mark[];
  /** Partitions that only a destructive apply makes, and those it deletes. */
  readonly withheld: readonly string[];
  readonly surplus: readonly string[];
}

/** Of one call: over the last wait some four seconds have passed. */
const MOST_TRIES = 6;
const FIRST_TRY_MS = 50;
const never = new AbortController().signal;

/** Probes at once; each takes a channel. */
const AT_ONCE = 8;

/** Opens its own connection, when first asked. */
export async function createTopology(options: ResolvedOptions, runtime: Runtime): Promise<Topology> {
  const link = new Link({
    name: `${options.name ?? "switchyard"} topology`,
    urls: urlsOf(options),
    connectTimeoutMs: options.connectTimeout,
    dial: await dialer(options, runtime, undefined),
    runtime,
    fast: undefined,
    report: () => {},
  });
  const prober =
    (signal: AbortSignal | undefined): Probe =>
    async <T>(work: (channel: AmqpChannel) => Promise<T>) => {
      for (let tries = 1; ; tries++) {
        try {
          return await link.withChannel(signal, (channel) => channel.rpc(work, signal));
        } catch (error) {
          // A broker that restarts or has an error of its own is well in a moment, and each of these calls may be made twice.
          const passes = classify(error, "topology").kind === "retryable";
          if (!passes || tries >= MOST_TRIES || signal?.aborted === true) throw error;
          await runtime.sleep(FIRST_TRY_MS * 2 ** tries * (0.5 + runtime.random() / 2), signal ?? never);
        }
      }
    };

  return {
    async plan(destinations, signal): Promise<TopologyPlan> {
      const asked = destinations.filter((of) => brokerRetryOf(of) !== undefined);
      const product = asked.length === 0 ? undefined : await link.product(signal);
      const able = product !== undefined && delaysRetries(product);
      const desired = checked(destinations, options, able);
      const probe = prober(signal);
      const queues = await mapLimited(desired.queues, (of) => compare(of, probe));
      const without = new Set(queues.flat().flatMap((change) => (isWithoutRetry(change) ? [change.name] : [])));
      const exchanges = desired.exchanges.filter(({ marks }) => marks === undefined || !without.has(marks));
      const all = [...exchanges, ...desired.queues];
      const found = [...(await mapLimited(exchanges, (of) => compare(of, probe))), ...queues];
      const created = found.flat().filter(({ action }) => action === "create");
      const missing = new Set(created.map(({ name }) => name));
      const partitions = (await mapLimited(unique(destinations), (of) => partitionChange(of, missing, probe))).filter(
        (one) => one !== undefined,
      );
      const marked = await mapLimited(desired.marks, (mark) => compareMark(mark, missing, probe));
      const state: State = {
        create: all.filter((_, at) => found[at]?.some(({ action }) => action === "create")),
        replace: all.filter((_, at) => found[at]?.some(({ action }) => action === "destructive")),
        bindings: desired.marks.flatMap(({ bindings }) => bindings),
        stale: desired.stale,
        marks: desired.marks,
        withheld: partitions.flatMap(({ withheld }) => withheld),
        surplus: partitions.flatMap(({ surplus }) => surplus),
      };
      const notes = product === undefined || able ? [] : asked.map((of) => cannotDelay(of, product));
      const withheld = new Set(state.withheld);
      const changes = [...found.flat().filter(({ name }) => !withheld.has(name)), ...marked.flat()];
      return { changes: [...changes, ...partitions.map(({ change }) => change), ...notes], state };
    },
    async apply(plan, signal, { destructive = false } = {}) {
      const { create, replace, surplus, marks, stale, ...state } = plan.state as State;
      const withheld = new Set(destructive ? [] : state.withheld);
      const probe = prober(signal);
      if (destructive) {
        await mapLimited(replace, (of) => probe((channel) => remove(channel, of)));
        await mapLimited(surplus, (name) => probe((channel) => channel.deleteQueue(name)));
      }
      const made = (destructive ? [...create, ...replace] : create).filter(({ name }) => !withheld.has(name));
      const bindings = state.bindings.filter(({ to }) => !withheld.has(to));
      await mapLimited(
        made.filter(({ kind }) => kind === "exchange"),
        (of) => probe((channel) => declare(channel, of)),
      );
      await mapLimited(
        made.filter(({ kind }) => kind === "queue"),
        (of) => probe((channel) => declare(channel, of)),
      );
      if (bindings.length > 0) await probe((channel) => bind(channel, bindings));
      // The mark first: what it says is about to end.
      for (const mark of stale) {
        await probe((channel) => remove(channel, mark));
        await probe((channel) => unbind(channel, mark.bindings));
      }
      const whole = marks.filter((mark) => mark.bindings.every(({ to }) => !withheld.has(to)));
      await mapLimited(whole, (mark) => probe((channel) => declare(channel, mark)));
    },
    async destroy(destinations, signal) {
      const desired = checked(destinations, options, true);
      const shared = new Set(desired.exchanges.filter((of) => of.shared === true).map(({ name }) => name));
      const probe = prober(signal);
      const marks = desired.marks.filter(({ bindings }) => bindings.every(({ from }) => !shared.has(from)));
      const ours = [...desired.queues, ...desired.exchanges, ...marks].filter(
        (of) => !of.external && of.shared !== true,
      );
      await mapLimited(ours, (of) => probe((channel) => remove(channel, of)));
    },
    close: () => link.close(),
  };
}

function checked(destinations: readonly Destination[], options: ResolvedOptions, brokerRetry: boolean): Desired {
  const problems = destinations.flatMap((of) => {
    const { problem } = locate(of, options);
    return [...(problem === undefined ? [] : [problem]), ...nativeProblems(of)].map((message) => ({
      path: of.name,
      message,
    }));
  });
  if (problems.length === 0) return desire(destinations, options, brokerRetry);
  throw new MessagingError("invalid-config", problems.map(({ path, message }) => `${path}: ${message}`).join("\n"), {
    kind: "config",
    problems,
  });
}

async function compare(of: DesiredQueue | DesiredExchange, probe: Probe): Promise<readonly Change[]> {
  const about = { resource: of.kind, name: of.name };
  if (!(await exists(of, probe))) {
    return of.external
      ? [{ ...about, action: "drift", summary: "given by address, and not there: whoever owns it has to make it" }]
      : [{ ...about, action: "create", summary: describe(of), detail: { ...of.arguments } }];
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
      : others.map((difference) => changeOf(of, difference));
  // A queue from before the broker could: no reason to lose its messages.
  if (older.length > 0) {
    const summary = `made without delayed retry, which RabbitMQ adds to no existing queue: retries go through the delay queues until it is deleted and made anew`;
    changes.push({ ...about, action: "drift", summary });
  }
  return changes;
}

/** Where what is bound is yet to be made, that says enough. */
async function compareMark(mark: Mark, missing: ReadonlySet<string>, probe: Probe): Promise<readonly Change[]> {
  if (await exists(mark, probe)) return [];
  const { bindings } = mark;
  const summary = bindingsText(mark);
  const [{ to } = { to: mark.name }] = bindings;
  if (bindings.every((one) => missing.has(one.to) || missing.has(one.from))) return [];
  return [{ action: "update", resource: "binding", name: to, summary }];
}

const unique = (destinations: readonly Destination[]): readonly Destination[] => [
  ...new Map(destinations.map((of) => [addressOf(of), of])).values(),
];

/** A limit made for another number of attempts, and high enough for today's. */
const suffices = (of: DesiredQueue | DesiredExchange, { attribute, is }: Difference): boolean =>
  attribute === LIMIT && of.kind === "queue" && Number(is) >= (of.leastLimit ?? Number.POSITIVE_INFINITY);

const LIMIT = "x-delivery-limit";

/** A limit below today's attempts is no reason to lose messages: what can be done is for people to do. */
function lowLimit(of: DesiredQueue, { attribute, is, wanted }: Difference): Change {
  const why = `RabbitMQ raises it on no existing queue, by a policy neither (the lower of the two counts)`;
  const what = `lower retry.attempts to ${Math.max(1, Number(is))} or less; or stop publishing, let the consumers empty the queue, delete it and apply again`;
  return {
    action: "drift",
    resource: of.kind,
    name: of.name,
    summary: `${attribute}: is ${is}, and the policy's attempts need ${of.leastLimit} or more; ${why}. Without loss: ${what}`,
    detail: { attribute, is, wanted },
  };
}

/** Made before the broker could delay retries, or somebody else's to make. */
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
  summary: `${name} ${version} delays no retries by itself (RabbitMQ 4.3 does): they go through the delay queues`,
});

function changeOf(of: DesiredQueue | DesiredExchange, { attribute, is, wanted }: Difference): Change {
  const loss =
    of.kind === "queue"
      ? "deleted and made anew, its messages lost"
      : "deleted and made anew, its foreign bindings lost";
  return {
    action: "destructive",
    resource: of.kind,
    name: of.name,
    summary: `${attribute}: is ${is}, should be ${wanted}; RabbitMQ changes it on no existing ${of.kind}: it is ${loss}`,
    detail: { attribute, is, wanted },
  };
}

function describe(of: DesiredQueue | DesiredExchange): string {
  if (of.kind === "exchange") return `${of.type} exchange`;
  const { "x-queue-type": type, ...rest } = of.arguments;
  const details = Object.entries(rest).map(([name, value]) => `${name.slice(2)} ${value === "" ? '""' : value}`);
  return `${type} queue${details.length === 0 ? "" : `: ${details.join(", ")}`}`;
}

async function declare(channel: AmqpChannel, of: DesiredQueue | DesiredExchange): Promise<unknown> {
  return of.kind === "queue"
    ? channel.assertQueue(of.name, { durable: true, arguments: of.arguments })
    : channel.assertExchange(of.name, of.type, { durable: true, arguments: of.arguments });
}

/** Deleting what is not there is no error. */
async function remove(channel: AmqpChannel, of: DesiredQueue | DesiredExchange): Promise<unknown> {
  return of.kind === "queue" ? channel.deleteQueue(of.name) : channel.deleteExchange(of.name);
}

async function bind(channel: AmqpChannel, bindings: readonly Binding[]): Promise<void> {
  for (const { kind, from, to, key } of bindings) {
    if (kind === "queue") await channel.bindQueue(to, from, key);
    else await channel.bindExchange(to, from, key);
  }
}

/** Unbinding what is not bound is no error. */
async function unbind(channel: AmqpChannel, bindings: readonly Binding[]): Promise<void> {
  for (const { kind, from, to, key } of bindings) {
    if (kind === "queue") await channel.unbindQueue(to, from, key);
    else await channel.unbindExchange(to, from, key);
  }
}

async function mapLimited<T, R>(all: readonly T[], work: (one: T) => Promise<R>): Promise<R[]> {
  const results = new Array<R>(all.length);
  let next = 0;
  const worker = async () => {
    while (next < all.length) {
      const at = next++;
      results[at] = await work(all[at]!);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, all.length) }, worker));
  return results;
}
