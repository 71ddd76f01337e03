/**
 * Scenarios for the explorer, drawn from a seed: groups of every kind of consumer on every broker that memory can be, with handlers that
 * throw anything, under all faults. What they show is our own mistakes, so the invariants are those of the contract.
 */
import {
  type AnyDelivery,
  batchConsumer,
  channel,
  type ConfigInput,
  consumer,
  type Consumer,
  DeadLetter,
  isMessagingError,
  Release,
  Retry,
} from "@switchyard/core";
import { seededRandom } from "@switchyard/core/testing";
import type { Clock, Facts, Scenario } from "@switchyard/explore";
import { adapter } from "@switchyard/memory";
import { type } from "arktype";
import { type Choices, chosen } from "./simulation-choices.ts";

const schema = { "item.made": type({ n: "number" }) };
const keyOf = (n: number) => `k${n % 2}`;
const KINDS = {
  delayed: channel("items", { messages: schema, needs: { delay: "1m" } }),
  keyed: channel("items", { messages: schema, orderingKey: ({ data }: { data: { n: number } }) => keyOf(data.n) }),
  plain: channel("items", { messages: schema }),
};

/** Rare states that many runs together must reach, or the simulation has gone blind. */
export const RARE = [
  "a publish without an answer was accepted, and its message handled",
  "a handler of a stream ended after another process had taken its partition over",
  "a dead letter was redriven within five minutes of its publishing, and handled",
  "the acknowledgement of a message that has a dead-letter copy was lost",
  "a message was refused for good, and not handled",
  "handlers that wait filled every place of a budget",
] as const;

/** The window in which SQS FIFO takes a message for one it has had, in milliseconds. */
const DEDUP_MS = 300_000;
/** How often somebody looks at the dead letters, in milliseconds. */
const LOOK_MS = 150_000;
/** When handlers begin to fill the budget: what was published before has had its end by then, in milliseconds after it. */
const FILL_AFTER_MS = 1_800_000;
/** How long they wait, in milliseconds: longer than any fault of a run lasts. */
const FILL_MS = 600_000;
/** How often somebody counts them, in milliseconds, and how many times. */
const COUNT_MS = 30_000;
const LOOKS = 18;

/** What the handlers of a run have seen and done. Its functions are their effects. */
function worldOf() {
  return {
    wrong: [] as string[],
    processes: 0,
    handled: new Set<string>(),
    /** By group and id: the process that began it last. */
    begun: new Map<string, number>(),
    /** By group and id: how often it was begun. A release counts no attempt, and must not be released for ever. */
    times: new Map<string, number>(),
    publishedAt: new Map<string, number>(),
    /** By group and id: found among the dead letters. */
    found: new Set<string>(),
    redriven: new Set<string>(),
    reached: new Set<string>(),
    /** By group: what was wrong with the number of messages held, whenever somebody counted. */
    places: new Map<string, string>(),
    /** The handlers that fill the budget have begun, and the groups whose budgets were seen to be full. */
    filling: false,
    filled: new Set<string>(),
    db: { work: (_id: string) => Promise.resolve() },
  };
}
type World = ReturnType<typeof worldOf>;

/** What a handler may throw, sensible or not. */
const THROWN: readonly (() => unknown)[] = [
  () => new Error("no"),
  () => undefined,
  () => "a string",
  () => null,
  () => Object.freeze(new Error("frozen")),
  () => Object.freeze({ code: "frozen" }),
  () => new Retry({ delay: "3s" }),
  () => new Retry(),
  () => new Release(),
];

/** The scenario of a seed. */
export function simulation(seed: number): Scenario<readonly [typeof KINDS.delayed], World> {
  const random = seededRandom(seed);
  const choices = chosen(random);
  const { model, profile, ordered, groups, members, batch } = choices;
  const items = (ordered ? KINDS.keyed : model === "stream" ? KINDS.plain : KINDS.delayed) as typeof KINDS.delayed;
  const draws = drawsOf(seed);
  const make = (group: string) =>
    (({ world, clock }: { world: World; clock: Clock }) => {
      const me = ++world.processes;
      const handler = new Handler({ world, clock, group, me, choices, draws });
      if (batch === 0)
        return consumer(items, group, {
          "item.made": (_data: unknown, delivery: AnyDelivery) => handler.attempt(delivery),
        } as never) as Consumer;
      return batchConsumer(items, group, async (all) => {
        await handler.batch([...all] as unknown as AnyDelivery[], (one, error) => all.fail(one as never, error));
      }) as Consumer;
    }) as never;
  const operated = choices.operator && members === 1;
  return {
    channels: [items],
    config: configOf(choices),
    ...(profile === undefined ? {} : { on: profile }),
    processes: members,
    world: worldOf,
    services: {
      ...Object.fromEntries(groups.map((group) => [group, make(group)])),
      ...(operated ? { operator: operator(items, choices) as never } : {}),
      ...(choices.filled ? { counter: counter(items, choices) as never } : {}),
    },
    ...(choices.rude
      ? {
          // A process whose first connection is refused does not start: that is shown elsewhere.
          observe: ({ id }: { readonly id?: string | undefined }) => {
            if (id !== undefined) throw new Error("an observer that throws");
          },
        }
      : {}),
    // Who counts the messages that are held knows how many processes there are.
    faults: { refuse: true, join: !choices.filled },
    play: async ({ publish, clock }) => {
      await play({ items, choices, draws, publish: publish as never, clock });
    },
    never: { "what the contract forbids": ({ wrong }) => wrong[0] ?? false },
    eventually: {
      "dead letters are where they were said to be": ({ found }, facts) =>
        !operated || lost(groups, found, facts) === undefined || `${lost(groups, found, facts)} is not among them`,
      "every place in the budget comes free": ({ places }) => [...places.values()][0] ?? true,
    },
    sometimes: {
      [RARE[0]]: ({ handled }, { accepted, befell }) =>
        accepted.some(({ id }) => handled.has(id) && befell(id, "publish")),
      [RARE[4]]: ({ handled }, { refused }) => refused.some(({ id }) => !handled.has(id)),
      [RARE[5]]: ({ filled }) => filled.size > 0,
      [RARE[3]]: (_world, { dead, befell }) => groups.some((group) => dead(group).some(({ id }) => befell(id, "ack"))),
      ...Object.fromEntries(RARE.slice(1, 3).map((name) => [name, ({ reached }: World) => reached.has(name)])),
    },
  };
}

function lost(groups: readonly string[], found: ReadonlySet<string>, facts: Facts): string | undefined {
  for (const group of groups)
    for (const { id } of facts.dead(group)) if (!found.has(`${group} ${id}`)) return `${id} of group ${group}`;
  return undefined;
}

function configOf({ model, partitions, concurrency, maxInFlight, hold, batch, policy, groups }: Choices): ConfigInput {
  const group = {
    concurrency,
    maxInFlight,
    hold,
    ...(batch === 0 ? {} : { batch: { size: batch, wait: "500ms" as const } }),
  };
  return {
    drain: "6s",
    connections: { memory: { use: adapter } },
    channels: {
      items: {
        model,
        on: "memory",
        ...(model === "stream" ? { partitions } : {}),
        groups: Object.fromEntries(groups.map((name) => [name, group])),
      },
    },
    policies: { default: policy },
  } as unknown as ConfigInput;
}

/** Numbers in [0, 1) that depend on what they are for and on nothing else, so that leaving a fault out changes no other. */
type Draws = (what: string) => number;

function drawsOf(seed: number): Draws {
  return (what) => {
    let hash = 0x811c9dc5 ^ seed;
    for (let at = 0; at < what.length; at++) hash = Math.imul(hash ^ what.charCodeAt(at), 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    return ((hash ^ (hash >>> 13)) >>> 0) / 2 ** 32;
  };
}

interface Playing {
  readonly items: unknown;
  readonly choices: Choices;
  readonly draws: Draws;
  readonly publish: (...given: unknown[]) => Promise<void>;
  readonly clock: Clock;
}

/** Publishes a few at a time, some delayed, some that expire, some that no handler can handle. */
async function play({ items, choices, draws, publish, clock }: Playing): Promise<void> {
  const { rounds, stepMs, delays, ordered, filled } = choices;
  for (let round = 0, n = 0; round < rounds; round++) {
    const few = Math.floor(draws(`few ${round}`) * (ordered ? 9 : 5));
    const publishing: Promise<void>[] = [];
    for (let one = 0; one < few; one++, n++) {
      const id = `m${n}${draws(`poison ${n}`) < 0.08 ? "-poison" : ""}`;
      const draw = draws(`how ${n}`);
      const options = draw < 0.05 ? { expires: "20s" } : draw < 0.15 && delays ? { delay: "30s" } : {};
      publishing.push(publish(items, "item.made", { n }, { id, ...options }));
    }
    // What was refused or got no answer is a fault of the run. Anything else is a mistake of core.
    for (const ended of await Promise.allSettled(publishing))
      if (ended.status === "rejected" && !isMessagingError(ended.reason)) throw ended.reason;
    await clock.sleep(Math.floor(draws(`step ${round}`) ** 2 * stepMs));
  }
  if (filled) await fill({ items, choices, draws, publish, clock });
}

const FILLS = "fill";

/** Publishes more messages than there are places, whose handlers wait. */
async function fill({ items, choices: { maxInFlight, members }, publish, clock }: Playing): Promise<void> {
  await clock.sleep(FILL_AFTER_MS);
  for (let n = 0; n < maxInFlight * (members + 1); n++) {
    const again = (): Promise<void> =>
      publish(items, "item.made", { n }, { id: `${FILLS}${n}` }).catch(() => clock.sleep("1s").then(again));
    await again();
  }
}

/** Somebody who counts the messages that are held while handlers wait. A fault may disturb one count, and none disturbs all. */
const counter =
  (items: unknown, { groups, maxInFlight, members }: Choices) =>
  ({ world, clock, messaging }: { world: World; clock: Clock; messaging: any }) => {
    const most = members * maxInFlight;
    // A few places may gather for the next receive.
    const least = most - members * Math.max((maxInFlight >> 1) - 1, 0);
    const count = async () => {
      for (let looks = 0; looks < LOOKS; ) {
        await clock.sleep(COUNT_MS);
        if (!world.filling) continue;
        looks++;
        for (const group of groups) {
          if (world.filled.has(group)) continue;
          const depths = (await messaging.depth(items, group)) as readonly { readonly held?: number }[];
          const held = depths[0]?.held ?? 0;
          world.places.set(
            group,
            `${group} holds ${held} messages; its budget allows ${most}, and it fetches ${least}`,
          );
          if (held < least || held > most) continue;
          world.filled.add(group);
          world.places.delete(group);
        }
      }
    };
    const again = (): Promise<void> => count().catch(again);
    void again();
    return [];
  };

interface HandlerParts {
  readonly world: World;
  readonly clock: Clock;
  readonly group: string;
  /** The number of this process. */
  readonly me: number;
  readonly choices: Choices;
  readonly draws: Draws;
}

/** The handlers of one process. */
class Handler {
  readonly #of: HandlerParts;
  #running = 0;

  constructor(of: HandlerParts) {
    this.#of = of;
  }

  async attempt(delivery: AnyDelivery): Promise<void> {
    await this.#work([delivery]);
    const error = this.#verdict(delivery);
    if (error !== undefined) throw error.thrown;
    this.#done(delivery);
  }

  /** None of a key is handled after one that failed, or whose hold is lost. */
  async batch(deliveries: readonly AnyDelivery[], fail: (one: AnyDelivery, error: unknown) => void): Promise<void> {
    await this.#work(deliveries);
    const { draws, me } = this.#of;
    const failed = new Set<string>();
    for (const delivery of deliveries) {
      const lane = delivery.key ?? delivery.id;
      const error =
        failed.has(lane) || delivery.signal.aborted ? { thrown: new Error("behind") } : this.#verdict(delivery);
      if (error !== undefined && draws(`whole ${delivery.id} ${delivery.attempt} ${me}`) < 0.2) throw error.thrown;
      if (error !== undefined) {
        failed.add(lane);
        fail(delivery, error.thrown);
      } else this.#done(delivery);
    }
  }

  async #work(deliveries: readonly AnyDelivery[]): Promise<void> {
    const { world, clock, group, me, choices, draws } = this.#of;
    if (++this.#running > choices.concurrency)
      world.wrong.push(`${this.#running} handlers at once; concurrency is ${choices.concurrency}`);
    for (const { id, attempt } of deliveries) {
      const of = `${group} ${id}`;
      if (attempt < 1) world.wrong.push(`attempt ${attempt} of ${id}`);
      world.begun.set(of, me);
      world.times.set(of, (world.times.get(of) ?? 0) + 1);
    }
    const [{ id, attempt }] = deliveries as [AnyDelivery];
    const fills = deliveries.some((one) => one.id.startsWith(FILLS));
    const slow = draws(`slow ${group} ${id} ${attempt}`);
    try {
      if (fills) {
        world.filling = true;
        // One that has lost its hold gives its place up.
        return await clock.sleep(FILL_MS, AbortSignal.any(deliveries.map(({ signal }) => signal)));
      }
      if (slow < 0.3) await clock.sleep(Math.floor(slow * 3 * choices.slowMs));
      await world.db.work(id);
    } finally {
      this.#running--;
    }
  }

  #verdict({ id, hop }: AnyDelivery): { readonly thrown: unknown } | undefined {
    const { choices, draws, group, world } = this.#of;
    const time = world.times.get(`${group} ${id}`);
    if (id.startsWith(FILLS)) return undefined;
    // A person has seen to those that were redriven.
    if (id.endsWith("-poison") && hop < 2) return { thrown: new Error("poison") };
    const draw = draws(`verdict ${group} ${id} ${time}`);
    if (draw > choices.failing) return undefined;
    if (draw < choices.failing / 20) return { thrown: new DeadLetter("never") };
    return { thrown: THROWN[Math.floor(draws(`thrown ${group} ${id} ${time}`) * THROWN.length)]?.() };
  }

  #done({ id, time, signal }: AnyDelivery): void {
    const { world, group, me, choices, clock } = this.#of;
    const of = `${group} ${id}`;
    world.handled.add(id);
    if (choices.model === "stream" && world.begun.get(of) !== me && signal.aborted) world.reached.add(RARE[1]);
    const age = clock.now().getTime() - (time?.getTime() ?? 0);
    if (world.redriven.has(of) && age < DEDUP_MS) world.reached.add(RARE[2]);
  }
}

/** Somebody who looks at the dead letters now and then, and brings them back twice. */
const operator =
  (items: unknown, { groups }: Choices) =>
  ({ world, clock, messaging }: { world: World; clock: Clock; messaging: any }) => {
    const look = async () => {
      for (let round = 1; ; round++) {
        await clock.sleep(LOOK_MS);
        for (const group of groups) {
          const letters = messaging.deadLetters(items, group);
          const dead = (await letters.peek(1_000)) as readonly { readonly id: string }[];
          for (const { id } of dead) {
            if (!/^(m|fill)\d+(-poison)?$/.test(id)) world.wrong.push(`a dead letter ${id} that nobody published`);
            world.found.add(`${group} ${id}`);
          }
          if (round > 2 || dead.length === 0) continue;
          for (const { id } of dead) world.redriven.add(`${group} ${id}`);
          await letters.redrive();
        }
      }
    };
    // What it was refused it tries again at its next round: a person would.
    const again = (): Promise<void> => look().catch(again);
    void again();
    return [];
  };
