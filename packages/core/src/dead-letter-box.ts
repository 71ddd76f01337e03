import type { Connection, Delivery, Lease, Runtime, WireMessage } from "./driver.ts";
import { dataOf, decode, encodeBody } from "./envelope.ts";
import { fromFault, MessagingError } from "./errors.ts";
import type { DeadLetterItem, DeadLetters } from "./messaging-types.ts";
import type { ChannelPlan, GroupPlan } from "./plan.ts";
import type { Make } from "./publish/item.ts";
import type { SendQueue } from "./publish/send-queue.ts";

/** Long enough to send a batch on; what is not settled by then comes back by itself. */
const HOLD_MS = 60_000;
/** An empty answer to a short poll proves nothing on SQS; this is the wait before we believe it. */
const LAST_LOOK_MS = 1_000;
const BATCH = 10;

export interface DeadLetterBoxOptions {
  readonly channel: ChannelPlan;
  readonly group: GroupPlan;
  /** Of the dead-letter destination. */
  readonly connection: Connection;
  readonly runtime: Runtime;
  /** Into the group that failed, and no other. */
  readonly target: () => SendQueue;
}

/** A group's dead letters: looked at, sent back, deleted. */
export class DeadLetterBox implements DeadLetters {
  readonly #options: DeadLetterBoxOptions;

  constructor(options: DeadLetterBoxOptions) {
    this.#options = options;
  }

  async peek(count = 10): Promise<readonly DeadLetterItem[]> {
    return this.#reading(async (lease) => {
      const items: DeadLetterItem[] = [];
      const seen = new Set<string>();
      const taken: Delivery[] = [];
      while (items.length < count) {
        const got = await this.#receive(lease, Math.min(count - items.length, BATCH));
        if (got.length === 0 || got.some(({ id }) => seen.has(id))) break;
        for (const delivery of got) {
          seen.add(delivery.id);
          taken.push(delivery);
          items.push(itemOf(delivery));
        }
      }
      for (const delivery of taken) await lease.settle([{ receipt: delivery.receipt, action: "release" }], lease.lost);
      return items;
    });
  }

  async redrive(
    options: { readonly max?: number } = {},
  ): Promise<{ readonly redriven: number; readonly failed: number }> {
    const most = options.max ?? Number.POSITIVE_INFINITY;
    return this.#reading(async (lease) => {
      const seen = new Set<string>();
      let redriven = 0;
      let failed = 0;
      while (redriven + failed < most) {
        const got = await this.#receive(lease, Math.min(most - redriven - failed, BATCH));
        // One that failed, or died again meanwhile, is seen twice: everything there was has had its turn.
        const fresh = got.filter((delivery) => !seen.has(identity(delivery)));
        for (const delivery of fresh) seen.add(identity(delivery));
        const sent = await Promise.allSettled(
          fresh.map((delivery) => this.#options.target().send(this.#again(delivery))),
        );
        const settlements = got.map((delivery) => {
          const at = fresh.indexOf(delivery);
          return {
            receipt: delivery.receipt,
            action: at >= 0 && sent[at]?.status === "fulfilled" ? ("ack" as const) : ("release" as const),
          };
        });
        if (settlements.length > 0) await lease.settle(settlements, lease.lost);
        redriven += sent.filter(({ status }) => status === "fulfilled").length;
        failed += sent.filter(({ status }) => status === "rejected").length;
        if (got.length === 0 || fresh.length < got.length || sent.some(({ status }) => status === "rejected")) break;
      }
      return { redriven, failed };
    });
  }

  async purge(): Promise<void> {
    const { connection, group } = this.#options;
    if (connection.purge === undefined || group.deadLetter === undefined) {
      throw new MessagingError("purge-unsupported", `the transport of "${group.group}"'s dead letters cannot purge`, {
        kind: "config",
      });
    }
    await connection.purge(group.deadLetter, new AbortController().signal).catch((cause: unknown) => {
      throw this.#error(cause);
    });
  }

  /** The message as it was, for the group that failed it: a hop further, so that no dedup window swallows it (contract C4). */
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
      hop: kept.hop + 1,
      ...(this.#options.channel.model === "stream" ? { to: this.#options.group.group } : {}),
    };
    return (capabilities) => encodeBody(envelope, decoded.body, capabilities);
  }

  async #receive(lease: Lease, max: number): Promise<readonly Delivery[]> {
    const signal = lease.lost;
    const quick = await lease.receive(max, 0, signal);
    if (quick === null || quick.length > 0) return quick ?? [];
    const { connection, group } = this.#options;
    const depth = group.deadLetter === undefined ? undefined : await connection.depth?.(group.deadLetter, signal);
    if (depth?.every(({ ready, held }) => (ready ?? 0) + (held ?? 0) === 0)) return [];
    return (await lease.receive(max, LAST_LOOK_MS, signal)) ?? [];
  }

  async #reading<T>(use: (lease: Lease) => Promise<T>): Promise<T> {
    const { connection, group, channel } = this.#options;
    if (group.deadLetter === undefined) {
      const text = `group "${group.group}" of "${channel.channel}" keeps no dead letters: its policy says ${group.policy.exhausted}`;
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
        { holdMs: HOLD_MS, prefetch: BATCH, start: "earliest" },
        stop.signal,
      );
      try {
        for await (const lease of receiver.leases(stop.signal)) {
          const result = await use(lease);
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

  #error(cause: unknown): MessagingError {
    if (cause instanceof Error && cause.name === "MessagingError") return cause as MessagingError;
    const { connection, group, channel } = this.#options;
    const about = { channel: channel.channel, group: group.group };
    return fromFault(connection.classify(cause, "receive"), `dead letters of "${group.group}"`, cause, about);
  }
}

/** The message's own id: the broker's is another one for every copy, and a copy that dies at once would be sent for ever. */
function identity(delivery: Delivery): string {
  const decoded = decode(delivery.message);
  return decoded.foreign ? delivery.id : decoded.envelope.id;
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
    data: readable(() => dataOf(envelope, body), body),
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

function readable(read: () => unknown, otherwise: unknown): unknown {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
