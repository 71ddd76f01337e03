import type { HeldMessage } from "../lease/held-message.ts";
import type { Opened } from "../../wire/incoming-message.ts";

/** The delivery as a handler sees it; a new one for each attempt. Middleware adds to it. */
export class View {
  readonly id: string;
  readonly type: string;
  readonly data: unknown;
  readonly channel: string;
  readonly group: string;
  readonly attempt: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly foreign: boolean;
  readonly source: string;
  readonly time: Date;
  readonly hop: number;
  readonly raw: unknown;
  readonly #held: HeldMessage;

  constructor(held: HeldMessage, opened: Opened, type: string, data: unknown, channel: string, group: string) {
    const { delivery } = held;
    const { envelope } = opened;
    this.id = opened.id;
    this.type = type;
    this.data = data;
    this.channel = channel;
    this.group = group;
    this.attempt = held.attempt;
    this.headers = opened.headers;
    this.foreign = opened.foreign;
    this.source = envelope === undefined ? "foreign" : envelope.source;
    this.time = new Date(envelope === undefined ? (delivery.enqueuedAt ?? held.lease.runtime.now()) : envelope.time);
    this.hop = envelope === undefined ? 0 : envelope.hop;
    this.raw = delivery.raw;
    this.#held = held;
  }

  /** On the prototype, and made when first asked for: most handlers never look. */
  get signal(): AbortSignal {
    return this.#held.signal;
  }
}

export function viewOf(
  held: HeldMessage,
  opened: Opened,
  type: string,
  data: unknown,
  channel: string,
  group: string,
): View & Record<string, unknown> {
  const { delivery, lease } = held;
  const { envelope } = opened;
  const view = new View(held, opened, type, data, channel, group) as View & Record<string, unknown>;
  const key = envelope?.key ?? delivery.message.key;
  if (key !== undefined) view["key"] = key;
  if (delivery.enqueuedAt !== undefined) view["enqueuedAt"] = new Date(delivery.enqueuedAt);
  if (delivery.position !== undefined) view["position"] = delivery.position;
  if (delivery.message.fairness !== undefined) view["fairnessKey"] = delivery.message.fairness;
  if (lease.fencingToken !== undefined) view["fencingToken"] = lease.fencingToken;
  if (envelope === undefined) return view;
  if (envelope.expiresAt !== undefined) view["expiresAt"] = new Date(envelope.expiresAt);
  if (envelope.traceparent !== undefined) view["traceparent"] = envelope.traceparent;
  if (envelope.tracestate !== undefined) view["tracestate"] = envelope.tracestate;
  return view;
}
