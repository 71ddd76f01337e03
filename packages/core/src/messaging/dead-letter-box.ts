import { reconnectMs } from "../plan/backoff.ts";
import type { GroupEvent } from "../consume/lease/group-context.ts";
import type { Connection, Delivery, Lease, Runtime, WireMessage } from "../driver/index.ts";
import { dataOf, decode, encodeBody, fingerprint } from "../wire/codec.ts";
import { nextHop } from "../wire/envelope.ts";
import { fromFault, MessagingError } from "../api/errors.ts";
import type { DeadLetterItem, DeadLetters, Redriven } from "../api/messaging.ts";
import type { Pipeline } from "../content/pipeline.ts";
import { readable, renewed } from "./dead-letter-content.ts";
import type { ChannelPlan, GroupPlan } from "../plan/plan.ts";
import type { Make } from "../publish/send/outgoing-message.ts";
import type { SendQueue } from "../publish/queue/send-queue.ts";

/** Milliseconds a dead letter is held: enough to redrive a batch. Unsettled ones then come back by themselves. */
const HOLD_MS = 60_000;
/** Milliseconds of the last poll. An empty answer to a short poll does not prove that an SQS queue is empty. */
const LAST_LOOK_MS = 1_000;
const BATCH = 10;
/** With back-off about ten seconds in all, well within the hold. */
const SETTLE_TRIES = 7;

export interface DeadLetterBoxOptions {
  readonly channel: ChannelPlan;
  readonly group: GroupPlan;
  /** The connection of the dead-letter destination. */
  readonly connection: Connection;
  readonly runtime: Runtime;
  /** The send queue to the group that failed the messages, and to no other group. */
  readonly target: () => SendQueue;
  /** Whether the depth of the dead-letter destination is exact. */
  readonly exactDepth: boolean;
  /** Reads what the channel's messages have passed. Absent if they pass nothing. */
  readonly pipeline?: Pipeline | undefined;
  readonly emit: (event: GroupEvent) => void;
  /** Throws `closed` once messaging is stopped; no broker is called from then on. */
  readonly open: () => void;
  /** Aborts once messaging is stopped. */
  readonly closed: AbortSignal;
}

/** Peeks at, redrives and purges the dead letters of a group. */
export class DeadLetterBox implements DeadLetters {
  readonly #options: DeadLetterBoxOptions;

  constructor(options: DeadLetterBoxOptions) {
    this.#options = options;
  }

  async peek(count = 10): Promise<readonly DeadLetterItem[]> {
    return this.#reading(count, async (lease, batch) => {
      const items: DeadLetterItem[] = [];
      const seen = new Set<string>();
      const taken: Delivery[] = [];
      try {
        while (items.length < count) {
          const got = await this.#receive(lease, Math.min(count - items.length, batch), taken.length > 0);
          taken.push(...got);
          const before = seen.size;
          for (const delivery of got) {
            const { event, hop } = identityOf(delivery);
            const known = `${delivery.id} ${hop} ${event}`;
            if (seen.has(known)) continue;
            seen.add(known);
            items.push(
              await readable(this.#options.pipeline, this.#options.channel.channel, delivery, itemOf(delivery)),
            );
          }
          if (seen.size === before) break;
        }
      } finally {
        // In reverse order: a queue that puts released messages at its head is then unchanged.
        await this.#settle(lease, batch, taken.reverse(), "release").catch(() => undefined);
      }
      return items;
    });
  }

  async redrive(options: { readonly max?: number } = {}): Promise<Redriven> {
    const most = options.max ?? Number.POSITIVE_INFINITY;
    return this.#reading(BATCH, async (lease) => {
      const turns = new Turns();
      const again: Delivery[] = [];
      let redriven = 0;
      let failed = 0;
      const errors: MessagingError[] = [];
      try {
        while (redriven + failed < most && !turns.over) {
          const got = await this.#receive(lease, Math.min(most - redriven - failed, BATCH), again.length > 0);
          if (got.length === 0) break;
          const { first, copies, later } = turns.take(got);
          // Held until the end, so that they do not come before dead letters not yet redriven.
          again.push(...later);
          const sent = await Promise.allSettled(first.map((delivery) => this.#send(delivery)));
          const done = first.filter((_, i) => sent[i]?.status === "fulfilled");
          again.push(...first.filter((delivery) => !done.includes(delivery)));
          await this.#settle(lease, BATCH, [...done, ...copies], "ack");
          redriven += done.length;
          failed += first.length - done.length;
          const reasons = sent.flatMap((one) => (one.status === "rejected" ? [this.#error(one.reason)] : []));
          errors.push(...reasons);
          // A letter that can never be sent, such as one whose stored body is gone, is no reason to keep the others.
          if (reasons.some(({ kind }) => kind !== "permanent")) break;
        }
      } finally {
        await this.#settle(lease, BATCH, again.reverse(), "release").catch(() => undefined);
      }
      return { redriven, failed, ...(errors.length === 0 ? {} : { errors }) };
    });
  }

  async purge(): Promise<void> {
    const { connection, group, closed, open } = this.#options;
    open();
    if (connection.purge === undefined || group.deadLetter === undefined) {
      throw new MessagingError("purge-unsupported", `the transport of "${group.group}"'s dead letters cannot purge`, {
        kind: "config",
      });
    }
    await connection.purge(group.deadLetter, closed).catch((cause: unknown) => {
      throw this.#error(cause);
    });
  }

  async #send(delivery: Delivery): Promise<void> {
    const { pipeline, channel } = this.#options;
    if (pipeline?.claimCheck !== undefined) await renewed(pipeline.claimCheck, channel.channel, delivery);
    await this.#options.target().send(this.#again(delivery));
    const { group, emit } = this.#options;
    const decoded = decode(delivery.message);
    if (!group.from.ordered || decoded.foreign) return;
    const { id, key } = decoded.envelope;
    emit({ type: "order-gap", level: "warn", reason: "redrive", id, ...(key === undefined ? {} : { key }) });
  }

  /** The original message for the group that failed it, with a higher hop so that no deduplication window drops it (contract C4). */
  #again(delivery: Delivery): Make {
    const decoded = decode(delivery.message);
    if (decoded.foreign) {
      const { delayMs: _, ...verbatim } = delivery.message;
      const dedup = `${delivery.id}:${delivery.attempt ?? 1}:${this.#options.runtime.uuid()}`;
      return (): WireMessage => ({ ...verbatim, dedup });
    }
    const { dead: _, ...kept } = decoded.envelope;
    const envelope = {
      ...kept,
      hop: nextHop(kept.hop),
      ...(this.#options.channel.model === "stream" ? { to: this.#options.group.group } : {}),
    };
    return (capabilities) => encodeBody(envelope, decoded.body, capabilities);
  }

  /** `keeping`: some dead letters are held here and may block the rest of their key. */
  async #receive(lease: Lease, max: number, keeping: boolean): Promise<readonly Delivery[]> {
    this.#options.open();
    const signal = lease.lost;
    const quick = await lease.receive(max, 0, signal);
    if (quick === null || quick.length > 0) return quick ?? [];
    if (await this.#surelyEmpty(keeping, signal)) return [];
    return (await lease.receive(max, LAST_LOOK_MS, signal)) ?? [];
  }

  /** Whether the depth proves the queue empty. An approximate depth may be 0 for a while after messages arrived. */
  async #surelyEmpty(keeping: boolean, signal: AbortSignal): Promise<boolean> {
    const { connection, group, exactDepth } = this.#options;
    if (group.deadLetter === undefined || !exactDepth) return false;
    if (keeping) return true;
    const depth = await connection.depth?.(group.deadLetter, signal).catch(() => undefined);
    return depth?.every(({ ready }) => ready === 0) ?? false;
  }

  async #reading<T>(prefetch: number, use: (lease: Lease, batch: number) => Promise<T>): Promise<T> {
    const { connection, group, channel, open, closed } = this.#options;
    open();
    if (group.deadLetter === undefined) {
      const text = `group "${group.group}" of "${channel.channel}" keeps no dead letters, because its policy says ${group.policy.exhausted}`;
      throw new MessagingError("no-dead-letters", text, {
        kind: "config",
        channel: channel.channel,
        group: group.group,
      });
    }
    const stop = new AbortController();
    try {
      const receiver = await connection.receiver(
        group.deadLetter,
        { holdMs: HOLD_MS, prefetch, start: "earliest" },
        AbortSignal.any([stop.signal, closed]),
      );
      try {
        for await (const lease of receiver.leases(stop.signal)) {
          const result = await use(lease, receiver.capabilities.maxBatch.count);
          await lease.release("drained", stop.signal);
          return result;
        }
        throw new Error("the receiver gave no lease");
      } finally {
        stop.abort();
        await receiver.close();
      }
    } catch (cause) {
      throw this.#error(cause);
    }
  }

  /** Settles with retries: a lost `ack` would let its message be redriven twice. */
  async #settle(
    lease: Lease,
    batch: number,
    deliveries: readonly Delivery[],
    action: "ack" | "release",
  ): Promise<void> {
    for (let i = 0; i < deliveries.length; i += batch) {
      let left = deliveries.slice(i, i + batch).map(({ receipt }) => ({ receipt, action }));
      for (let tries = 1; left.length > 0; tries++) {
        const outcomes = await lease.settle(left, lease.lost).catch((cause: unknown) => left.map(() => ({ cause })));
        const failed = left.flatMap((one, at) => {
          const outcome = outcomes[at];
          return outcome === undefined || this.#isLost(outcome.cause) ? [] : [{ one, cause: outcome.cause }];
        });
        left = failed.map(({ one }) => one);
        if (left.length > 0 && tries >= SETTLE_TRIES) throw failed[0]!.cause;
        const { runtime, closed } = this.#options;
        if (left.length > 0) await runtime.sleep(reconnectMs(tries, runtime.random), closed);
      }
    }
  }

  #isLost(cause: unknown): boolean {
    const { kind } = this.#options.connection.classify(cause, "settle");
    return kind === "lost" || kind === "closed";
  }

  #error(cause: unknown): MessagingError {
    if (cause instanceof Error && cause.name === "MessagingError") return cause as MessagingError;
    const { connection, group, channel, closed } = this.#options;
    if (closed.aborted) return closed.reason as MessagingError;
    const errorContext = { channel: channel.channel, group: group.group };
    return fromFault(connection.classify(cause, "receive"), `dead letters of "${group.group}"`, cause, errorContext);
  }
}

/** The dead letters that a redrive has already seen. */
class Turns {
  /** Maps a message's {@link fingerprint} to the hop of its dead letter. Two producers may use the same id, so the id alone is not enough. */
  readonly #seen = new Map<string, number>();
  #stale = 0;

  /** True once only dead letters seen before arrive, because their holds have ended. */
  get over(): boolean {
    return this.#stale > this.#seen.size;
  }

  /**
   * Sorts received dead letters. `first`: seen for the first time. `copies`: duplicates left by a lost reply. `later`: messages that
   * were dead-lettered again meanwhile; this redrive does not send them again.
   */
  take(got: readonly Delivery[]): { first: Delivery[]; copies: Delivery[]; later: Delivery[] } {
    const turns = { first: [] as Delivery[], copies: [] as Delivery[], later: [] as Delivery[] };
    for (const delivery of got) {
      const { event, hop } = identityOf(delivery);
      const before = this.#seen.get(event);
      if (before === undefined) {
        this.#seen.set(event, hop);
        turns.first.push(delivery);
      } else turns[hop === before ? "copies" : "later"].push(delivery);
    }
    this.#stale = turns.first.length > 0 ? 0 : this.#stale + got.length;
    return turns;
  }
}

function identityOf({ id, message }: Delivery): { readonly event: string; readonly hop: number } {
  const decoded = decode(message);
  if (!decoded.foreign) return { event: fingerprint(decoded.envelope, decoded.body), hop: decoded.envelope.hop };
  return { event: fingerprint({ source: "foreign", id, type: message.type ?? "" }, message.body), hop: 0 };
}

function itemOf(delivery: Delivery): DeadLetterItem {
  const decoded = decode(delivery.message);
  const at = new Date(delivery.enqueuedAt ?? 0);
  if (decoded.foreign) {
    const { raw } = decoded;
    const why = { reason: "moved by the broker, or copied verbatim", code: "unknown", attempts: delivery.attempt ?? 1 };
    return {
      id: delivery.id,
      type: raw.type ?? "",
      data: raw.body,
      headers: raw.headers,
      ...why,
      firstAt: at,
      lastAt: at,
      raw: delivery.raw,
    };
  }
  const { envelope, body } = decoded;
  const { dead } = envelope;
  return {
    id: envelope.id,
    type: envelope.type,
    data: parsed(() => dataOf(envelope, body), body),
    headers: envelope.headers,
    reason: dead?.reason ?? "moved by the broker",
    code: dead?.code ?? "broker",
    attempts: dead?.attempts ?? delivery.attempt ?? 1,
    ...(dead?.errorClass === undefined ? {} : { errorClass: dead.errorClass }),
    firstAt: dead === undefined ? at : new Date(dead.firstAt),
    lastAt: dead === undefined ? at : new Date(dead.lastAt),
    raw: delivery.raw,
  };
}

function parsed(read: () => unknown, otherwise: unknown): unknown {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
