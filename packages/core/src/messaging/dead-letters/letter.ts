/** A received dead letter: whose it is, which copy of its message it is, and what an operator sees of it. */
import type { DeadLetterItem } from "../../api/dead-letters.ts";
import type { Delivery } from "../../driver/index.ts";
import { dataOf, fingerprint } from "../../wire/codec.ts";
import { type Decoded, decode } from "../../wire/decode.ts";

export interface Letter {
  readonly delivery: Delivery;
  readonly decoded: Decoded;
  readonly id: string;
  /** The message: two producers may use the same id, so it is the {@link fingerprint}. */
  readonly event: string;
  /** Higher each time the message was dead-lettered. */
  readonly hop: number;
  readonly redrives: number;
  /** The ordering key. */
  readonly key: string | undefined;
  /** By its publisher's clock (epoch milliseconds). Undefined if the letter does not say. */
  readonly publishedAt: number | undefined;
  /** The broker itself moved it here, or it was copied verbatim: it is in the broker's own order of its key. */
  readonly native: boolean;
  /** When it failed for the last time (epoch milliseconds). Undefined if the letter does not say. */
  readonly lastAt: number | undefined;
  /** `ours`: this channel and group failed it. `others`: another did. `unknown`: another producer's, or copied without our fields. */
  readonly owner: "ours" | "others" | "unknown";
}

export interface Owner {
  readonly channel: string;
  readonly group: string;
  /** True if the destination takes the dead letters of this group alone, so that what the broker moved there is this group's. */
  readonly exclusive: boolean;
}

export function letterOf(delivery: Delivery, owner: Owner): Letter {
  const { id, message } = delivery;
  const decoded = decode(message);
  if (decoded.foreign) {
    const event = fingerprint({ source: "foreign", id, type: message.type ?? "" }, message.body);
    const { key } = message;
    const none = { lastAt: undefined, publishedAt: delivery.enqueuedAt };
    return { delivery, decoded, id, event, hop: 0, redrives: 0, key, native: true, ...none, owner: "unknown" };
  }
  const { envelope, body } = decoded;
  const { id: own, dead, hop, redrives = 0, key, time: publishedAt } = envelope;
  const event = fingerprint(envelope, body);
  const native = dead === undefined;
  const common = { delivery, decoded, id: own, event, hop, redrives, key, publishedAt, native };
  // A letter without our fields was moved by the broker, which says neither when nor from where.
  if (dead === undefined)
    return { ...common, lastAt: delivery.enqueuedAt, owner: owner.exclusive ? "ours" : "unknown" };
  const ours = dead.channel === owner.channel && dead.group === owner.group;
  return { ...common, lastAt: dead.lastAt, owner: ours ? "ours" : "others" };
}

export function itemOf({ delivery, decoded, redrives }: Letter): DeadLetterItem {
  const at = new Date(delivery.enqueuedAt ?? 0);
  const { raw } = delivery;
  if (decoded.foreign) {
    const { body, headers, type = "" } = decoded.raw;
    const why = { reason: "moved by the broker, or copied verbatim", code: "unknown", attempts: delivery.attempt ?? 1 };
    return { id: delivery.id, type, data: body, headers, ...why, redrives, firstAt: at, lastAt: at, raw };
  }
  const { envelope, body } = decoded;
  const { dead, id, type, key, headers } = envelope;
  return {
    id,
    type,
    ...(key === undefined ? {} : { key }),
    data: parsed(() => dataOf(envelope, body), body),
    headers,
    reason: dead?.reason ?? "moved by the broker",
    code: dead?.code ?? "broker",
    attempts: dead?.attempts ?? delivery.attempt ?? 1,
    ...(dead?.errorClass === undefined ? {} : { errorClass: dead.errorClass }),
    redrives,
    firstAt: dead === undefined ? at : new Date(dead.firstAt),
    lastAt: dead === undefined ? at : new Date(dead.lastAt),
    raw,
  };
}

function parsed(read: () => unknown, otherwise: unknown): unknown {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
