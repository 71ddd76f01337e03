import type {
  Capabilities,
  Delivery,
  Existing,
  Lease,
  Outcome,
  ReceiverDriver,
  Settlement,
} from "../../driver/index.ts";
import type { PushedEvent, Verdict } from "../../driver/push.ts";
import type { Runtime } from "../../driver/runtime.ts";
import type { ToldOf } from "../lease/group-context.ts";

/** One delivery of the event. */
interface Item {
  readonly delivery: Delivery;
  verdict: Verdict | undefined;
  /** It is with core, which has not settled it. */
  out: boolean;
  /** The same message, which was given to core instead. */
  twin?: Item;
  /** Its ack was carried out before the answer. */
  committed?: true;
}

/** What a group knows of deliveries from earlier events in this process. */
export interface Arrivals {
  /** How a delivery is treated. `alone`: it may have ended a process, so nothing runs beside it. `held`: a handler of its key still runs. */
  of(delivery: Delivery): "any" | "alone" | "held" | { readonly earlyMs: number };
}

export interface EventLeaseOptions {
  readonly event: PushedEvent;
  readonly capabilities: Capabilities;
  /** What the resource does by itself, if that was asked for. */
  readonly existing?: Existing | undefined;
  /** When the event is answered at the latest (monotonic). A message of a queue is held so long. */
  readonly answerAt: number;
  readonly runtime: Runtime;
  readonly arrivals: Arrivals;
  /** Called when a settlement at the broker has failed. The message then comes later. */
  readonly failed: (cause: unknown) => void;
}

/**
 * One pushed event as a receiver with one lease. `receive` slices the event and then ends; `settle` notes the verdicts, which are the
 * answer.
 *
 * A message that was received before and has no failure that this process knows of may have ended a process together with its
 * neighbours. Such messages start last and one at a time, after the acks before them were carried out: if one ends this process too,
 * it takes no neighbour with it.
 */
export class EventLease implements ReceiverDriver, Lease {
  readonly id: string;
  readonly capabilities: Capabilities;
  declare readonly existing?: Existing;
  /** Resolves when nothing of the event is left to do here. */
  readonly over: Promise<void>;
  readonly #options: EventLeaseOptions;
  readonly #log: boolean;
  readonly #items: readonly Item[];
  readonly #byReceipt = new Map<unknown, Item>();
  readonly #lost = new AbortController();
  /** Messages that start side by side, in the order of the event. */
  readonly #together: Item[] = [];
  readonly #alone: Item[] = [];
  /** Messages that came before their time, with those behind them in the order of their key. */
  readonly #early: { readonly items: Item[]; readonly dueAt: number }[] = [];
  #told = false;
  #out = 0;
  #settled: (() => void) | undefined;
  #end!: () => void;

  constructor(options: EventLeaseOptions) {
    this.#options = options;
    this.id = options.event.id;
    this.capabilities = options.capabilities;
    if (options.existing !== undefined) this.existing = options.existing;
    this.#log = options.capabilities.settleResult === "checkpoint";
    this.over = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#items = options.event.deliveries.map((delivery) => ({ delivery, verdict: undefined, out: false }));
    for (const item of this.#items) this.#byReceipt.set(item.delivery.receipt, item);
    if (this.#log) this.#take();
    else this.#sort();
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** What became of each delivery of the event, in order. What has no verdict must come again. */
  verdicts(): readonly Verdict[] {
    return this.#items.map((item) => item.verdict ?? item.twin?.verdict ?? "released");
  }

  /** Ends the lease: nothing can be settled any more. */
  lose(reason: Error): void {
    this.#lost.abort(reason);
  }

  told(delivery: Delivery, what: ToldOf): void {
    const item = this.#byReceipt.get(delivery.receipt);
    if (item !== undefined && "dead" in what) item.verdict = "dead";
  }

  async *leases(): AsyncGenerator<Lease> {
    yield this;
    await this.over;
  }

  async receive(max: number, waitMs: number, signal: AbortSignal): Promise<readonly Delivery[] | null> {
    const { runtime } = this.#options;
    await this.#putOff();
    if (this.#together.length > 0) return this.#give(this.#together.splice(0, max));
    if (this.#alone.length === 0) return this.#early.length === 0 ? null : this.#later(waitMs, signal);
    if (this.#out > 0) {
      const settled = new AbortController();
      // In a variable first (docs/v8.md#functions-in-properties).
      const abort = () => settled.abort();
      this.#settled = abort;
      await runtime.sleep(waitMs, AbortSignal.any([settled.signal, signal]));
      this.#settled = undefined;
      if (this.#out > 0) return [];
    }
    await this.#commit();
    return signal.aborted ? [] : this.#give(this.#alone.splice(0, 1));
  }

  /**
   * Waits for the time of a message that came early, as long as the event lasts. If it went back at once, a source that does not keep
   * delays would bring it again and again.
   */
  async #later(waitMs: number, signal: AbortSignal): Promise<readonly Delivery[]> {
    const { runtime } = this.#options;
    const leftMs = this.#early[0]!.dueAt - runtime.monotonic();
    if (leftMs > 0) await runtime.sleep(Math.min(leftMs, waitMs), signal);
    if (signal.aborted || leftMs > waitMs) return [];
    return this.#give(this.#early.shift()!.items);
  }

  /** Hides early messages at the broker for the rest of their delay, in case they are not handled here. */
  async #putOff(): Promise<void> {
    if (this.#told || this.#early.length === 0) return;
    this.#told = true;
    const now = this.#options.runtime.monotonic();
    const retries = this.#early.map(({ items, dueAt }): Settlement => {
      const { receipt } = items[0]!.delivery;
      return { receipt, action: "retry", delayMs: Math.max(dueAt - now, 0), attempt: 1 };
    });
    await this.#carryOut(retries);
  }

  async settle(batch: readonly Settlement[]): Promise<readonly Outcome[]> {
    const later: Settlement[] = [];
    for (const settlement of batch) {
      if (settlement.action !== "ack") later.push(settlement);
      else if (this.#log) this.#acknowledgeTo(settlement.receipt);
      this.#note(settlement);
    }
    if (later.length > 0) await this.#carryOut(later);
    if (this.#out === 0) this.#settled?.();
    // The verdicts are noted here, so no settlement can fail.
    return batch.map(() => undefined);
  }

  async release(): Promise<void> {
    this.#end();
  }

  async close(): Promise<void> {
    this.#end();
  }

  /** Carries out the acks that are noted. What this process does next may end it. */
  async #commit(): Promise<void> {
    const acks = this.#items.filter(
      (item) => !item.committed && !item.out && (item.verdict === "ack" || item.verdict === "dead"),
    );
    for (const item of acks) item.committed = true;
    await this.#carryOut(acks.map(({ delivery: { receipt } }) => ({ receipt, action: "ack" })));
  }

  async #carryOut(batch: readonly Settlement[]): Promise<void> {
    const { event, failed } = this.#options;
    if (event.settle === undefined || batch.length === 0) return;
    try {
      const outcomes = await event.settle(batch, this.lost);
      const failure = outcomes.find((outcome) => outcome !== undefined);
      if (failure !== undefined) failed(failure.cause);
    } catch (cause) {
      failed(cause);
    }
  }

  #give(items: readonly Item[]): readonly Delivery[] {
    this.#out += items.length;
    return items.map((item) => {
      item.out = true;
      // On a log a wait that does not fit ends the event.
      return this.#log ? item.delivery : { ...item.delivery, deadline: this.#options.answerAt };
    });
  }

  #note({ receipt, action }: Settlement): void {
    const item = this.#byReceipt.get(receipt);
    if (item === undefined) return;
    this.#in(item);
    if (action === "ack") item.verdict ??= "ack";
    else item.verdict = action === "retry" ? "retry" : "released";
  }

  #acknowledgeTo(receipt: unknown): void {
    const last = this.#items.findIndex(({ delivery }) => delivery.receipt === receipt);
    for (const item of this.#items.slice(0, last + 1)) {
      item.verdict ??= "ack";
      this.#in(item);
    }
  }

  #in(item: Item): void {
    if (item.out) this.#out--;
    item.out = false;
  }

  /** A log goes on from the first message that must come again, so nothing starts from a held one on. */
  #take(): void {
    const { event, arrivals } = this.#options;
    const held = this.#items.findIndex(({ delivery }) => arrivals.of(delivery) === "held");
    const startable = held < 0 ? this.#items : this.#items.slice(0, held);
    (event.alone === true ? this.#alone : this.#together).push(...startable);
  }

  #sort(): void {
    const { arrivals } = this.#options;
    const latest = new Map<string, Item>();
    for (const item of this.#items) if (item.delivery.unique !== false) latest.set(item.delivery.id, item);
    const alone = new Map<unknown, Item[]>();
    const early = new Map<unknown, Item[]>();
    for (const item of this.#items) {
      const { delivery } = item;
      const twin = latest.get(delivery.id);
      // A broker may deliver a message twice at once. It is handled once, with the receipt that came last.
      if (twin !== undefined && twin !== item) {
        item.twin = twin;
        continue;
      }
      const how = arrivals.of(delivery);
      const { key } = delivery.message;
      const ordered = key !== undefined && this.capabilities.ordering !== "none";
      if (how === "held") item.verdict = "released";
      else if (ordered && early.has(key)) early.get(key)!.push(item);
      else if (typeof how === "object") {
        const items = [item];
        early.set(ordered ? key : item, items);
        this.#early.push({ items, dueAt: this.#options.runtime.monotonic() + how.earlyMs });
      } else if (how === "any" && !(ordered && alone.has(key))) this.#together.push(item);
      else if (ordered) alone.set(key, [...(alone.get(key) ?? []), item]);
      else alone.set(item, [item]);
    }
    this.#early.sort((one, other) => one.dueAt - other.dueAt);
    this.#alone.push(...this.#mostSuspiciousLast([...alone.values()]).flat());
  }

  /** Each list is one message, or the messages of a key from the first suspect on. Equal ones are shuffled: the first may be the one. */
  #mostSuspiciousLast(lists: readonly Item[][]): readonly Item[][] {
    const { random } = this.#options.runtime;
    const count = (list: readonly Item[]) => Math.max(...list.map(({ delivery }) => delivery.attempt ?? 1));
    return lists
      .map((list) => ({ list, count: count(list), by: random() }))
      .sort((one, other) => one.count - other.count || one.by - other.by)
      .map(({ list }) => list);
  }
}
