/** What was published and what became of it: the invariants that nobody has to write. */
import type { AnyChannel, AnyDelivery } from "@switchyard/core";
import type { Accepted, Facts } from "./scenario.ts";
import type { Story } from "./story.ts";

interface Asked extends Accepted {
  readonly by: string;
  readonly number: number;
  readonly key: string | undefined;
  accepted: boolean;
  /** Its only publish was refused for certain. */
  refused: boolean;
  /** How often it was published. */
  times: number;
}

/** Accounts for every message of a run, by group. */
export class Ledger {
  /** By channel: the groups that consume it. */
  readonly groups = new Map<string, Set<string>>();
  /** The first rule that was broken. */
  wrong: { readonly name: string; readonly text: string } | undefined;
  mostDeliveries = 0;
  readonly facts: Facts;
  readonly #channels: ReadonlyMap<string, AnyChannel>;
  readonly #story: Story;
  readonly #asked = new Map<string, Asked>();
  /** By group: the messages that it has ended, in whatever way. */
  readonly #ended = new Map<string, Set<string>>();
  /** By group: the messages that it gave up. */
  readonly #dead = new Map<string, Set<string>>();
  /** By group and id. */
  readonly #deliveries = new Map<string, Map<string, number>>();
  readonly #resharded = new Set<string>();
  readonly #running = new Map<string, { readonly delivery: AnyDelivery; readonly worker: string }>();
  readonly #handled = new Map<string, number>();
  readonly #befallen = new Set<string>();
  readonly #happened = new Map<string, number>();

  constructor(channels: readonly AnyChannel[], story: Story) {
    this.#channels = new Map(channels.map((channel) => [channel.name, channel]));
    this.#story = story;
    this.facts = new LedgerFacts(this.#asked, {
      handled: (group) => this.#handled.get(group) ?? 0,
      happened: (fault) => this.#happened.get(fault) ?? 0,
      befell: (id, fault) => this.#befallen.has(`${fault} ${story.known(id)}`),
      dead: (group) => [...this.#asked.values()].filter(({ id }) => this.#dead.get(group)?.has(id)),
    });
  }

  befell(fault: string, message: number): void {
    this.#befallen.add(`${fault} ${message}`);
    this.#happened.set(fault, (this.#happened.get(fault) ?? 0) + 1);
  }

  group(channel: string, group: string): void {
    const groups = this.groups.get(channel) ?? new Set();
    this.groups.set(channel, groups.add(group));
  }

  asked(by: string, channel: AnyChannel, message: Accepted, number: number): void {
    const before = this.#asked.get(message.id);
    if (before !== undefined) {
      before.times++;
      before.refused = false;
      return;
    }
    const key = keyOf(channel, message);
    this.#asked.set(message.id, { ...message, by, number, key, accepted: false, refused: false, times: 1 });
  }

  accepted(id: string): void {
    const asked = this.#asked.get(id);
    if (asked === undefined || asked.accepted) return;
    asked.accepted = true;
    (this.facts.accepted as Accepted[]).push(asked);
  }

  /** The broker has told its publisher that it has not got the message. */
  refused(id: string): void {
    const asked = this.#asked.get(id);
    if (asked?.times === 1) asked.refused = true;
  }

  /** `waking`: the process has just stood still, so that its hold may be over, and nobody has told it yet. */
  begins(group: string, deliveries: readonly AnyDelivery[], worker: string, waking: boolean): void {
    for (const delivery of deliveries) this.#begins(group, delivery, deliveries, worker, waking);
  }

  #begins(group: string, delivery: AnyDelivery, batch: readonly AnyDelivery[], worker: string, waking: boolean): void {
    const { id, key, channel } = delivery;
    let deliveries = this.#deliveries.get(group);
    if (deliveries === undefined) this.#deliveries.set(group, (deliveries = new Map()));
    const count = (deliveries.get(id) ?? 0) + 1;
    deliveries.set(id, count);
    this.mostDeliveries = Math.max(this.mostDeliveries, count);
    const mine = this.#asked.get(id);
    if (mine?.refused === true)
      this.#broken("refused", `${worker} begins ${this.#name(id)}, whose publish was refused`);
    if (delivery.attempt < 1) this.#broken("attempts", `attempt ${delivery.attempt} of ${this.#name(id)}`);
    if (key === undefined || waking || this.#resharded.has(channel)) return;
    if (this.#channels.get(channel)?.orderingKey === undefined) return;
    // Those of a batch begin together, in their order.
    const alongside = (other: string) => batch.length > 1 && batch.some((one) => one.id === other);
    const lane = `${group} ${channel} ${key}`;
    const other = this.#running.get(lane)?.delivery;
    // A handler whose hold is lost knows it by its signal: from then on another may have the key.
    if (other !== undefined && other.id !== id && !other.signal.aborted && !alongside(other.id))
      this.#broken("order", `${worker} begins ${this.#name(id)} while ${this.#name(other.id)} of the same key runs`);
    this.#running.set(lane, { delivery, worker });
    const ended = this.#ended.get(group);
    if (mine === undefined || ended?.has(id) === true) return;
    for (const earlier of this.#asked.values()) {
      if (earlier.number >= mine.number) break;
      if (!earlier.accepted || earlier.by !== mine.by || earlier.key !== mine.key || earlier.channel !== channel)
        continue;
      if (alongside(earlier.id)) continue;
      if (ended?.has(earlier.id) !== true && this.#running.get(lane)?.delivery.id !== earlier.id)
        this.#broken(
          "order",
          `${worker} begins ${this.#name(id)} before ${this.#name(earlier.id)} of the same key has ended`,
        );
    }
  }

  /** From now on order is not promised: the contract leaves it open across a change of partitions. */
  resharded(channel: string): void {
    this.#resharded.add(channel);
  }

  left(group: string, delivery: AnyDelivery): void {
    if (this.#running.size === 0) return;
    const lane = `${group} ${delivery.channel} ${delivery.key}`;
    if (this.#running.get(lane)?.delivery === delivery) this.#running.delete(lane);
  }

  /** A process is gone or stands still, and what it ran with it. */
  died(worker: string): void {
    for (const [lane, running] of this.#running) if (running.worker === worker) this.#running.delete(lane);
  }

  handled(group: string, id: string): void {
    this.#handled.set(group, (this.#handled.get(group) ?? 0) + 1);
    this.end(group, id, "handled");
  }

  end(group: string, id: string, how: string): void {
    noted(this.#ended, group).add(id);
    if (how === "dead-letter") noted(this.#dead, group).add(id);
  }

  /** Accepted messages that a group never ended. */
  *lost(): Generator<string> {
    for (const { id, channel, accepted } of this.#asked.values()) {
      if (!accepted) continue;
      for (const group of this.groups.get(channel) ?? [])
        if (this.#ended.get(group)?.has(id) !== true)
          yield `${this.#name(id)} was accepted, and group "${group}" never ended it`;
    }
  }

  mostDelivered(): { readonly name: string; readonly count: number } {
    let most = { name: "nothing", count: 0 };
    for (const deliveries of this.#deliveries.values())
      for (const [id, count] of deliveries) if (count > most.count) most = { name: this.#name(id), count };
    return most;
  }

  #broken(name: string, text: string): void {
    this.wrong ??= { name, text };
  }

  #name(id: string): string {
    return this.#story.name(this.#story.number(id));
  }
}

/** A class, because of its getter (docs/v8.md#functions-in-properties). Its functions need no `this`: invariants take them apart. */
class LedgerFacts implements Facts {
  readonly accepted: readonly Accepted[] = [];
  readonly handled: Facts["handled"];
  readonly happened: Facts["happened"];
  readonly befell: Facts["befell"];
  readonly dead: Facts["dead"];
  readonly #asked: ReadonlyMap<string, Asked>;

  constructor(asked: ReadonlyMap<string, Asked>, functions: Pick<Facts, "handled" | "happened" | "befell" | "dead">) {
    this.#asked = asked;
    this.handled = functions.handled;
    this.happened = functions.happened;
    this.befell = functions.befell;
    this.dead = functions.dead;
  }

  get refused(): readonly Accepted[] {
    return [...this.#asked.values()].filter(({ refused }) => refused);
  }
}

function noted(of: Map<string, Set<string>>, group: string): Set<string> {
  let ids = of.get(group);
  if (ids === undefined) of.set(group, (ids = new Set()));
  return ids;
}

function keyOf(channel: AnyChannel, { type, data }: Accepted): string | undefined {
  const of = channel.orderingKey as string | ((message: { type: string; data: unknown }) => string) | undefined;
  if (of === undefined) return undefined;
  try {
    return String(typeof of === "function" ? of({ type, data }) : (data as Record<string, unknown>)[of]);
  } catch {
    return undefined;
  }
}
