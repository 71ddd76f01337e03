import type { Taken } from "./seam.ts";

/** A dead letter as it is on the wire. It is read by the documented form, not with core's decoder. */
export interface DeadLetterCopy {
  readonly id: string;
  readonly type: string;
  readonly body: string | Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
  readonly hop: number;
  readonly key: string | undefined;
  /** Undefined if the copy is the message as it was, because our fields did not fit. */
  readonly dead:
    | {
        readonly reason: string;
        readonly code: string;
        readonly attempts: number;
        readonly channel: string;
        readonly group: string;
        readonly errorclass?: string;
        readonly firstat: string;
        readonly lastat: string;
      }
    | undefined;
  readonly at: number;
}

function parsed(text: unknown): any {
  return typeof text === "string" ? JSON.parse(text) : undefined;
}

export function deadLetterOf({ delivery, at }: Taken): DeadLetterCopy {
  const { message } = delivery;
  const ce = message.headers["ce"];
  if (ce !== undefined) {
    const found = JSON.parse(ce);
    return {
      id: found.id,
      type: message.type ?? found.type,
      body: message.body,
      headers: found.headers ?? {},
      hop: found.hop ?? 0,
      key: found.partitionkey,
      dead: found.dead,
      at,
    };
  }
  const text = typeof message.body === "string" ? message.body : new TextDecoder().decode(message.body);
  if (!text.includes('"specversion"')) {
    return {
      id: delivery.id,
      type: message.type ?? "",
      body: message.body,
      headers: message.headers,
      hop: 0,
      key: message.key,
      dead: undefined,
      at,
    };
  }
  const found = JSON.parse(text);
  return {
    id: found.id,
    type: found.type,
    body: found.data === undefined ? found.data_base64 : JSON.stringify(found.data),
    headers: parsed(found.headers) ?? {},
    hop: found.hop ?? 0,
    key: found.partitionkey,
    dead: parsed(found.dead),
    at,
  };
}
