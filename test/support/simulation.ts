import {
  type AnyDelivery,
  batchConsumer,
  channel,
  connect,
  type Consumer,
  consumer,
  DeadLetter,
} from "@switchyard/core";
import { isMessagingError, type Messaging, type MessagingEvent, Release, Retry } from "@switchyard/core";
import { seededRandom, virtualRuntime } from "@switchyard/core/testing";
import { adapter } from "@switchyard/memory";
import { control, forgetBroker } from "@switchyard/memory/testing";
import { type } from "arktype";
import { type Choices, chosen, type Random } from "./simulation-choices.ts";
import { Ledger } from "./simulation-ledger.ts";

const schema = { "item.made": type({ n: "number" }) };
const plain = channel("items", { messages: schema, needs: { delay: "1m" } });
const keyed = channel("items", {
  messages: schema,
  orderingKey: ({ data }: { data: { n: number } }) => `k${data.n % 4}`,
});
type Items = typeof plain;

interface Member {
  readonly group: string;
  readonly messaging: Messaging<Items>;
  running: number;
}

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

/**
 * One run of a few groups, their members coming, going and crashing, on a memory broker that loses acks, cuts connections,
 * leaves publishes unanswered and moves partitions, all of it drawn from the seed. Faults end; then everything must settle.
 * Gives what was wrong, and nothing else.
 */
export async function simulate(
  seed: number,
): Promise<{ readonly choices: Choices; readonly wrong: readonly string[] }> {
  const random = seededRandom(seed);
  const choices = chosen(random);
  const run = new Simulation(seed, random, choices);
  try {
    await run.play();
  } catch (error) {
    run.ledger.wrong.push(`threw ${error instanceof Error ? error.stack : String(error)}`);
  }
  forgetBroker(run.broker);
  return { choices, wrong: run.ledger.wrong };
}

class Simulation {
  readonly ledger: Ledger;
  readonly broker: string;
  readonly #random: Random;
  readonly #choices: Choices;
  readonly #runtime;
  readonly #channel: Items;
  readonly #config;
  readonly #members = new Set<Member>();
  readonly #leaving: Promise<unknown>[] = [];
  readonly #publishing: Promise<unknown>[] = [];
  #made = 0;
  #faulty = true;
  /** From then on handlers wait for it. */
  #gate: Promise<void> | undefined;

  constructor(seed: number, random: Random, choices: Choices) {
    this.#random = random;
    this.#choices = choices;
    this.#runtime = virtualRuntime({ seed, patienceMs: 3_000 });
    this.broker = `simulation-${seed}`;
    this.ledger = new Ledger(choices.ordered && choices.resharding === 0);
    this.#channel = (
      choices.ordered ? keyed : choices.model === "stream" ? channel("items", { messages: schema }) : plain
    ) as Items;
    const { model, groups, partitions, concurrency, maxInFlight, hold, batch, policy, profile } = choices;
    const group = {
      concurrency,
      maxInFlight,
      hold,
      ...(batch === 0 ? {} : { batch: { size: batch, wait: "500ms" as const } }),
    };
    this.#config = {
      prefix: "sim",
      drain: "6s",
      connections: { memory: { use: adapter, broker: this.broker, ...(profile === undefined ? {} : { profile }) } },
      channels: {
        items: {
          model,
          on: "memory",
          ...(model === "stream" ? { partitions } : {}),
          groups: Object.fromEntries(groups.map((name) => [name, group])),
        },
      },
      policies: { default: policy },
    } as const;
  }

  async play(): Promise<void> {
    const publisher = await this.#connect();
    for (const group of this.#choices.groups) for (let i = 0; i < this.#choices.members; i++) await this.#join(group);
    for (let round = 0; round < this.#choices.rounds; round++) {
      for (let i = Math.floor(this.#random() * 8); i > 0; i--) this.#publish(publisher);
      await this.#disturb();
      await this.#runtime.advance(Math.floor(this.#random() ** 2 * this.#choices.stepMs));
    }
    await this.#calm(publisher);
    await this.#full(publisher);
    for (const member of this.#members) this.#leave(member, undefined);
    this.#leaving.push(publisher.stop());
    await this.#runtime.advance("10s");
    await Promise.all(this.#leaving);
    if (this.#runtime.pending > 0) this.ledger.wrong.push(`${this.#runtime.pending} timers were left behind`);
  }

  /** The faults are over: what was accepted must find its end. */
  async #calm(publisher: Messaging<Items>): Promise<void> {
    this.#faulty = false;
    control(this.broker)?.faults.clear();
    for (const group of this.#choices.groups) {
      if (![...this.#members].some((member) => member.group === group)) await this.#join(group);
    }
    let left = "";
    for (let minute = 0; minute < 90; minute++) {
      await this.#runtime.advance(minute < 30 ? "10s" : "1m");
      left = await this.#left(publisher);
      if (left === "" && minute > 5) break;
    }
    if (left !== "") this.ledger.wrong.push(`not settled after an hour without faults: ${left}`);
    await Promise.all(this.#publishing);
    for (const group of this.#lookable() ? this.#choices.groups : []) {
      const dead = await this.#inTime(publisher.deadLetters(this.#channel, group).peek(1_000));
      for (const { id, code } of dead) this.ledger.dead(group, id, code);
      if (new Set(dead.map(({ id }) => id)).size < this.ledger.deadSaid(group))
        this.ledger.wrong.push(
          `${group}: ${dead.length} dead letters are there, ${this.ledger.deadSaid(group)} were reported`,
        );
    }
    this.ledger.audit(this.#choices.groups, this.#lookable());
  }

  /** SQS FIFO shows no more of a key than one receive gives. */
  #lookable(): boolean {
    const { policy, profile, ordered } = this.#choices;
    return policy.deadLetter !== "skip" && !(profile === "sqs" && ordered);
  }

  /** Every place in the budget must have come free: handlers that wait fill it, but for places that gather for the next receive. */
  async #full(publisher: Messaging<Items>): Promise<void> {
    const { maxInFlight, groups, model, ordered } = this.#choices;
    if (model === "stream" || ordered) return;
    let open!: () => void;
    this.#gate = new Promise((resolve) => {
      open = resolve;
    });
    const members = [...this.#members];
    for (let i = 0; i < maxInFlight * (members.length + 1); i++) this.#publish(publisher, true);
    await this.#runtime.advance("30s");
    for (const group of groups) {
      const count = members.filter((member) => member.group === group).length;
      const most = count * maxInFlight;
      const least = most - count * Math.max((maxInFlight >> 1) - 1, 0);
      const [{ held = 0 } = {}] = await publisher.depth(this.#channel, group);
      if (held > most || held < least)
        this.ledger.wrong.push(
          `${group} holds ${held}; its members' maxInFlight allows ${most}, and they fetch up to ${least}`,
        );
    }
    open();
    await this.#runtime.advance("5m");
  }

  async #left(publisher: Messaging<Items>): Promise<string> {
    const depths = await publisher.depth(this.#channel);
    return depths
      .filter(({ ready = 0, held = 0, delayed = 0 }) => ready + held + delayed > 0)
      .map(({ group, ready, held, delayed }) => `${group}: ${ready} ready, ${held} held, ${delayed} delayed`)
      .join("; ");
  }

  async #inTime<T>(work: Promise<T>): Promise<T> {
    let over = false;
    const ended = () => {
      over = true;
    };
    work.then(ended, ended);
    for (let i = 0; i < 100 && !over; i++) await this.#runtime.advance("1s");
    if (!over) throw new Error("a call did not end within 100 s");
    return work;
  }

  #connect(group?: string): Promise<Messaging<Items>> {
    const observe = (event: MessagingEvent) => {
      if (group !== undefined) this.ledger.event(group, event);
      // An observer's own trouble is nobody else's.
      if (this.#choices.rudeObserver) throw new Error("observe() threw");
    };
    return connect({
      channels: [this.#channel],
      service: "sim",
      config: this.#config,
      runtime: this.#runtime,
      observe,
    });
  }

  async #join(group: string): Promise<void> {
    const messaging = await this.#connect(group);
    const member: Member = { group, messaging, running: 0 };
    messaging.consume(this.#consumer(member) as Consumer<Items>);
    this.#members.add(member);
    const started = messaging.start().catch((error: unknown) => {
      if (this.#members.delete(member) && !this.#faulty) this.ledger.wrong.push(`a member could not start: ${error}`);
    });
    if (!this.#faulty) await this.#inTime(started);
  }

  #leave(member: Member, deadline: number | undefined): void {
    this.#members.delete(member);
    this.#leaving.push(member.messaging.stop(deadline === undefined ? {} : { deadline }));
  }

  #consumer(member: Member): unknown {
    if (this.#choices.batch === 0) {
      const handle = (_data: unknown, delivery: AnyDelivery) => this.#attempt(member, [delivery]);
      return consumer(this.#channel, member.group, { "item.made": handle as never });
    }
    return batchConsumer(this.#channel, member.group, async (batch) => {
      const deliveries = [...batch] as unknown as AnyDelivery[];
      const failed: unknown[] = [];
      await this.#attempt(member, deliveries, (delivery, error) => {
        failed.push(delivery);
        batch.fail(delivery as never, error);
      });
    });
  }

  /**
   * One call of a handler. It takes the deliveries of a key in their order: each begins when the one before it has ended, and none
   * after one that failed, or whose hold is lost.
   */
  async #attempt(
    member: Member,
    deliveries: readonly AnyDelivery[],
    fail?: (one: AnyDelivery, error: unknown) => void,
  ) {
    const { concurrency, slowMs } = this.#choices;
    if (++member.running > concurrency)
      this.ledger.wrong.push(`${member.running} handlers at once; concurrency ${concurrency}`);
    const lanes = Map.groupBy(deliveries, ({ key, id }) => key ?? id);
    const first = new Map([...lanes].map(([lane, [head]]) => [lane, this.ledger.begin(member.group, head!)]));
    const slow = this.#random();
    if (this.#gate !== undefined) await this.#gate;
    else if (slow < 0.5) await this.#runtime.sleep(slow * slow * 4 * slowMs);
    member.running--;
    const errors = new Map(deliveries.map((delivery) => [delivery, this.#verdict(delivery)]));
    const wrong = [...errors.values()].find((error) => error !== undefined);
    const whole = wrong !== undefined && (fail === undefined || this.#random() < 0.3);
    for (const [lane, all] of lanes) {
      let end = first.get(lane)!;
      for (const [at, delivery] of all.entries()) {
        if (at > 0 && delivery.signal.aborted) break;
        if (at > 0) end = this.ledger.begin(member.group, delivery);
        const error = errors.get(delivery);
        end(error === undefined && !whole);
        if (error !== undefined && !whole) fail?.(delivery, error.thrown);
        if (error !== undefined || whole) break;
      }
    }
    if (whole) throw wrong.thrown;
  }

  #verdict({ id }: AnyDelivery): { readonly thrown: unknown } | undefined {
    if (this.#gate !== undefined) return undefined;
    if (id.endsWith("-poison")) return { thrown: new Error("poison") };
    if (this.#random() > this.#choices.failing) return undefined;
    if (this.#random() < 0.05) return { thrown: new DeadLetter("never") };
    return { thrown: THROWN[Math.floor(this.#random() * THROWN.length)]?.() };
  }

  #publish(publisher: Messaging<Items>, sure = false): void {
    const n = this.#made++;
    const id = `m${n}${!sure && this.#random() < 0.04 ? "-poison" : ""}`;
    const draw = this.#random();
    const options = sure
      ? {}
      : draw < 0.05
        ? { expires: "20s" as const }
        : draw < 0.15 && this.#choices.delays
          ? { delay: "30s" as const }
          : {};
    this.ledger.asked(id, this.#choices.ordered ? `k${n % 4}` : undefined);
    const sent = publisher.publish(this.#channel, "item.made", { n }, { id, ...options } as { id: string }).then(
      () => this.ledger.accepted(id),
      (error: unknown) => {
        if (!isMessagingError(error)) this.ledger.wrong.push(`publish rejected with ${error}`);
        else if (error.kind !== "ambiguous") this.ledger.refused(id);
      },
    );
    this.#publishing.push(sent);
  }

  async #disturb(): Promise<void> {
    const faults = control(this.broker)?.faults;
    if (faults === undefined) return;
    const few = () => 1 + Math.floor(this.#random() * 3);
    const draw = this.#random();
    const members = [...this.#members];
    const one = members[Math.floor(this.#random() * members.length)];
    if (draw < 0.08) faults.loseAcks(few());
    else if (draw < 0.14) faults.loseAcks(few(), { reply: this.#choices.model === "stream" ? "error" : "ok" });
    else if (draw < 0.2) faults.ambiguousPublish(few(), { stored: this.#random() < 0.5 });
    else if (draw < 0.25) faults.failPublish(few(), this.#random() < 0.5 ? "retryable" : "throttled");
    else if (draw < 0.27) faults.failPublish(1, this.#random() < 0.5 ? "permanent" : "auth");
    else if (draw < 0.33) faults.failReceive(few(), this.#random() < 0.5 ? "retryable" : "throttled");
    else if (draw < 0.35) faults.failReceive(1, this.#random() < 0.5 ? "config" : "auth");
    else if (draw < 0.4 && !this.#choices.ordered) faults.duplicate(few());
    else if (draw < 0.48) faults.dropConnection();
    else if (draw < 0.56 && one !== undefined) this.#leave(one, this.#random() < 0.6 ? 0 : undefined);
    else if (draw < 0.66)
      await this.#join(this.#choices.groups[Math.floor(this.#random() * this.#choices.groups.length)] as string);
    else if (draw < 0.8) this.#move();
  }

  #move(): void {
    if (this.#choices.model !== "stream") return;
    const broker = control(this.broker);
    const partitions = broker?.partitions("sim_items") ?? [];
    const partition = partitions[Math.floor(this.#random() * partitions.length)];
    if (broker === undefined || partition === undefined) return;
    const reshard = this.#random() < this.#choices.resharding;
    if (!reshard) void broker.revoke("sim_items", this.#choices.groups[0] as string, partition);
    else if (partitions.length > 3) broker.reshard("sim_items", 2);
    else broker.split("sim_items", partition);
  }
}
