import type { HeldMessage } from "../lease/held-message.ts";
import { fingerprint } from "../../wire/codec.ts";
import type { Opened } from "../../wire/incoming-message.ts";

/** The delivery as a handler sees it. Each attempt gets a new one. Middleware may add fields. */
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
  readonly #message: HeldMessage;

  constructor(message: HeldMessage, opened: Opened, type: string, data: unknown, channel: string, group: string) {
    const { delivery } = message;
    const { envelope } = opened;
    this.id = opened.id;
    this.type = type;
    this.data = data;
    this.channel = channel;
    this.group = group;
    this.attempt = message.attempt;
    this.headers = opened.headers;
    this.foreign = opened.foreign;
    this.source = envelope === undefined ? "foreign" : envelope.source;
    this.time = new Date(envelope === undefined ? (delivery.enqueuedAt ?? message.lease.runtime.now()) : envelope.time);
    this.hop = envelope === undefined ? 0 : envelope.hop;
    this.raw = delivery.raw;
    this.#message = message;
  }

  /** A getter, since most handlers never use the signal. */
  get signal(): AbortSignal {
    return this.#message.signal;
  }

  /** A getter, since it hashes the body. */
  get fingerprint(): string {
    return fingerprint(this, (this.#message.opened as Opened).body);
  }
}

export function viewOf(
  message: HeldMessage,
  opened: Opened,
  type: string,
  data: unknown,
  channel: string,
  group: string,
): View & Record<string, unknown> {
  const { delivery, lease } = message;
  const { envelope } = opened;
  const view = new View(message, opened, type, data, channel, group) as View & Record<string, unknown>;
  const key = envelope?.key ?? delivery.message.key;
  if (key !== undefined) view["key"] = key;
  if (delivery.enqueuedAt !== undefined) view["enqueuedAt"] = new Date(delivery.enqueuedAt);
  if (delivery.position !== undefined) view["position"] = delivery.position;
  if (delivery.message.fairness !== undefined) view["fairnessKey"] = delivery.message.fairness;
  if (lease.fencingToken !== undefined) view["fencingToken"] = lease.fencingToken;
  if (message.body?.encrypted !== undefined) view["encrypted"] = message.body.encrypted;
  if (envelope === undefined) return view;
  if (envelope.causationId !== undefined) view["causationId"] = envelope.causationId;
  if (envelope.expiresAt !== undefined) view["expiresAt"] = new Date(envelope.expiresAt);
  if (envelope.traceparent !== undefined) view["traceparent"] = envelope.traceparent;
  if (envelope.tracestate !== undefined) view["tracestate"] = envelope.tracestate;
  return view;
}
