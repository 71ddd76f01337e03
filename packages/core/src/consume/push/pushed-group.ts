import { fromFault, isMessagingError } from "../../api/errors.ts";
import type { Adapter, Delivery, Existing, ReceiverDriver } from "../../driver/index.ts";
import type { PushedEvent, Verdict } from "../../driver/push.ts";
import { open } from "../../wire/open-message.ts";
import { GroupRunner } from "../group/runner.ts";
import type { GroupContext, GroupEvent, ToldOf } from "../lease/group-context.ts";
import type { HeldMessage } from "../lease/held-message.ts";
import { EventContext } from "./event-context.ts";
import { type Arrivals, EventLease } from "./event-lease.ts";

const TIME_OVER = "the time of the event is over";
/** The most messages of which is remembered that they went back. The oldest are forgotten first, and then start alone. */
const MOST_REMEMBERED = 10_000;
/** A clock may run this many milliseconds ahead of the broker's before a message counts as early. */
const CLOCK_MS = 1_000;

/** What a pushed event came to. */
export interface EventResult {
  /** One for each delivery of the event, in order. */
  readonly verdicts: readonly Verdict[];
  /** Whose handlers had not ended in time. They may still run. */
  readonly abandoned: readonly Delivery[];
  /** On a log: when the next attempt of a message is due, by the message's id (epoch milliseconds). */
  readonly due: ReadonlyMap<string, number>;
}

/** What went back from here, so that its return is no surprise. */
interface Returned {
  /** How often it had been received. */
  readonly count: number;
  /** When it may come again at the earliest, in epoch milliseconds. */
  readonly notBefore: number;
}

/** One consumer whose messages are pushed. Events may overlap: each has a lease, handlers and a budget of its own. */
export class PushedGroup {
  /** The context that the group's events share. */
  readonly context: GroupContext;
  /** The adapter of the group's connection, and the options of the connection. */
  readonly adapter: Adapter;
  readonly options: unknown;
  /** The broker's name of what pushes. */
  readonly address: string;
  readonly #returned = new Map<string, Returned>();
  /** By key, how many handlers of earlier events still run. */
  readonly #held = new Map<string, number>();
  readonly #counts: boolean;
  #existing: Promise<Existing | undefined> | undefined;

  constructor(context: GroupContext, adapter: Adapter, options: unknown) {
    this.context = context;
    this.adapter = adapter;
    this.options = options;
    this.address = adapter.locate(context.plan.from, options).address;
    const { attempts } = context.plan.capabilities;
    this.#counts = attempts === "exact" || attempts === "approximate";
  }

  /**
   * Handles one event and resolves with its verdicts, at the latest when `answerAt` ({@link Runtime.monotonic}) has come and pending calls
   * to the broker had a second more. Handlers that still run then are aborted, and their messages must come again.
   *
   * @throws MessagingError if nothing of the event can be handled. Nothing is acknowledged then.
   */
  async handle(event: PushedEvent, answerAt: number): Promise<EventResult> {
    const { context } = this;
    const { runtime, plan } = context;
    const leftMs = answerAt - runtime.monotonic();
    if (leftMs <= 0) return { verdicts: event.deliveries.map(() => "released"), abandoned: [], due: new Map() };
    const existing = await this.#look();
    const due = new Map<string, number>();
    const early = new AbortController();
    const log = plan.capabilities.settleResult === "checkpoint";
    const told = (delivery: Delivery, what: ToldOf) => {
      lease.told(delivery, what);
      if (!("delayMs" in what)) return;
      if (!log) return this.#remember(delivery, what.delayMs);
      due.set(delivery.id, runtime.now() + what.delayMs);
      // Nothing can be returned to a log, and what follows comes again with it. So the rest of the time is of no use.
      if (runtime.monotonic() + what.delayMs >= answerAt) early.abort();
    };
    const lease = new EventLease({
      event,
      capabilities: plan.capabilities,
      existing,
      answerAt,
      runtime,
      arrivals: this.#arrivals,
      failed: (cause) => this.#settleFailed(event.id, cause),
    });
    const its = new EventContext(context, lease, told);
    const runner = new GroupRunner(its, leftMs);
    const late = new AbortController();
    const timer = runtime.timer(leftMs, () => late.abort());
    try {
      const over = Promise.race([lease.over, aborted(late.signal), aborted(early.signal)]);
      // A runner that refuses to start ends the lease first, and its reason must be told.
      await Promise.race([runner.start().then(() => over), aborted(late.signal)]);
    } finally {
      await runner.stop(late.signal);
      timer[Symbol.dispose]();
      lease.lose(new Error(TIME_OVER));
    }
    const verdicts = lease.verdicts();
    if (!log) event.deliveries.forEach((delivery, at) => this.#settled(delivery, verdicts[at]!));
    const abandoned = this.#abandon(its);
    return { verdicts, abandoned, due };
  }

  /** Opens the group's receiver at the broker, whose leases settle what was pushed. */
  open(signal: AbortSignal): Promise<ReceiverDriver> {
    const { connection, plan } = this.context;
    return connection.receiver(plan.from, { holdMs: plan.holdMs, prefetch: 1, start: plan.start }, signal);
  }

  emit(event: GroupEvent): void {
    this.context.emit(event);
  }

  /** The broker is asked only if its resource must be encrypted at rest: each call makes the first event slower. */
  #look(): Promise<Existing | undefined> {
    if (this.context.plan.atRest === undefined) return Promise.resolve(undefined);
    this.#existing ??= this.open(new AbortController().signal).then(async (receiver) => {
      await receiver.close();
      return receiver.existing;
    });
    // What failed is asked again with the next event.
    this.#existing.catch(() => (this.#existing = undefined));
    return this.#existing;
  }

  readonly #arrivals: Arrivals = {
    of: ({ id, attempt = 1, message: { key } }) => {
      if (key !== undefined && this.#held.has(key)) return "held";
      const returned = this.#returned.get(id);
      const earlyMs = returned === undefined ? 0 : returned.notBefore - this.context.runtime.now();
      if (earlyMs > CLOCK_MS) return { earlyMs };
      if (!this.#counts || attempt <= 1) return "any";
      return returned !== undefined && attempt <= returned.count + 1 ? "any" : "alone";
    },
  };

  #remember({ id, attempt = 1, unique }: Delivery, delayMs: number): void {
    if (unique === false) return;
    this.#returned.delete(id);
    this.#returned.set(id, { count: attempt, notBefore: this.context.runtime.now() + delayMs });
    if (this.#returned.size <= MOST_REMEMBERED) return;
    for (const oldest of this.#returned.keys()) return void this.#returned.delete(oldest);
  }

  #settled(delivery: Delivery, verdict: Verdict): void {
    if (verdict === "released")
      this.#remember(delivery, Math.max(this.#notBefore(delivery) - this.context.runtime.now(), 0));
    else if (verdict !== "retry") this.#returned.delete(delivery.id);
  }

  #notBefore({ id }: Delivery): number {
    return this.#returned.get(id)?.notBefore ?? 0;
  }

  #settleFailed(lease: string, cause: unknown): void {
    const { context } = this;
    const { channel, plan, physicalName, connection } = context;
    const errorContext = { channel: channel.channel, group: plan.group };
    const error = isMessagingError(cause)
      ? cause
      : fromFault(connection.classify(cause, "settle"), `settle on "${physicalName}"`, cause, errorContext);
    context.emit({ type: "warning", level: "warn", error, lease });
  }

  /** Keeps the keys of handlers that still run, until they end. */
  #abandon({ gate }: EventContext): readonly Delivery[] {
    const running = [...gate.messages];
    for (const { delivery, lease, lane } of running) {
      const { id } = open(this.context.consumer.channel, delivery);
      this.emit({ type: "abandoned", level: "warn", id, lease: lease.id });
      if (lane !== undefined) this.#held.set(lane, (this.#held.get(lane) ?? 0) + 1);
    }
    const ended = ({ lane }: HeldMessage) => {
      if (lane === undefined) return;
      const left = (this.#held.get(lane) ?? 1) - 1;
      if (left > 0) this.#held.set(lane, left);
      else this.#held.delete(lane);
    };
    // In a variable first (docs/v8.md#functions-in-properties).
    gate.onEnd = ended;
    return running.map(({ delivery }) => delivery);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
