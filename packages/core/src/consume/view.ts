import type { Held } from "./held.ts";
import type { Opened } from "./opened.ts";

/** The delivery as a handler sees it; a new one for each attempt. Middleware adds to it. */
export function viewOf(
  held: Held,
  opened: Opened,
  data: unknown,
  channel: string,
  group: string,
): Record<string, unknown> {
  const { delivery, lease } = held;
  const { envelope } = opened;
  const view: Record<string, unknown> = {
    id: opened.id,
    type: opened.type,
    data,
    channel,
    group,
    attempt: held.attempt,
    headers: opened.headers,
    foreign: opened.foreign,
    source: envelope?.source ?? "foreign",
    time: new Date(envelope?.time ?? delivery.enqueuedAt ?? held.lease.runtime.now()),
    hop: envelope?.hop ?? 0,
    raw: delivery.raw,
    get signal() {
      return held.signal;
    },
  };
  const key = envelope?.key ?? delivery.message.key;
  if (key !== undefined) view["key"] = key;
  if (delivery.enqueuedAt !== undefined) view["enqueuedAt"] = new Date(delivery.enqueuedAt);
  if (delivery.position !== undefined) view["position"] = delivery.position;
  if (delivery.message.fairness !== undefined) view["fairnessKey"] = delivery.message.fairness;
  if (envelope?.expiresAt !== undefined) view["expiresAt"] = new Date(envelope.expiresAt);
  if (envelope?.traceparent !== undefined) view["traceparent"] = envelope.traceparent;
  if (envelope?.tracestate !== undefined) view["tracestate"] = envelope.tracestate;
  if (lease.fencingToken !== undefined) view["fencingToken"] = lease.fencingToken;
  return view;
}
