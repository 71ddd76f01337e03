import type { Delivery } from "../driver/index.ts";
import { asText, DecodedMessage, dataOf, decodeOwn, JSON_TYPE, parseJson } from "./codec.ts";
import { type Envelope } from "./envelope.ts";
import { NO_HEADERS } from "./attributes.ts";
import type { Coded } from "./foreign-message.ts";
import type { LocalMessage } from "./in-process-message.ts";
import type { Codec, ForeignMessage } from "../api/shapes.ts";

/** A delivery whose envelope was read and whose data was not. */
export interface Opened {
  readonly id: string;
  readonly foreign: boolean;
  /** Absent on a foreign message. */
  readonly envelope?: Envelope;
  /** Absent on a foreign message that the channel cannot name. */
  readonly type?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
  /** On a foreign message: the body, parsed if it is JSON. */
  readonly raw?: ForeignMessage;
  /** On a foreign message with a declared or apparent coding or charset: how decoding went. */
  readonly coded?: Coded;
  /** Set if the message never left the process, so that nothing had to be decoded. */
  readonly local?: LocalMessage;
}

/** A message that never left the process. Its fields come directly from what was published. */
class LocalOpened implements Opened, Envelope {
  readonly local: LocalMessage;

  constructor(local: LocalMessage) {
    this.local = local;
  }

  get envelope(): Envelope {
    return this;
  }

  get foreign(): false {
    return false;
  }

  get id(): string {
    return this.local.id;
  }

  get type(): string {
    return this.local.type;
  }

  get source(): string {
    return this.local.common.source;
  }

  get time(): number {
    return this.local.time;
  }

  get hop(): number {
    return 0;
  }

  get key(): string | undefined {
    return this.local.key;
  }

  get contentType(): string {
    return JSON_TYPE;
  }

  get headers(): Readonly<Record<string, string>> {
    return NO_HEADERS;
  }

  get traceparent(): string | undefined {
    return this.local.extra?.trace?.traceparent;
  }

  get tracestate(): string | undefined {
    return this.local.extra?.trace?.tracestate;
  }

  get body(): string {
    return this.local.body;
  }
}

/** Reads the envelope of a message that never left the process, or that carries it in our header. Undefined: see open-message.ts. */
export function openOwn({ message }: Delivery): Opened | undefined {
  return message.local === undefined ? decodeOwn(message) : new LocalOpened(message.local as LocalMessage);
}

/** Text as JSON, if it is JSON. */
export function maybeJson(body: unknown): unknown {
  if (typeof body !== "string") return body;
  try {
    return parseJson(body);
  } catch {
    return body;
  }
}

/** The data to validate: a new value at each call, so that handlers may change it. Throws if the body cannot be read. */
export function dataFrom(opened: Opened, codec?: Codec): unknown {
  if (opened.local !== undefined) return opened.local.fresh();
  if (codec !== undefined && opened.envelope !== undefined)
    return dataOf(opened.envelope, opened.body, opened.envelope.type, codec);
  if (opened instanceof DecodedMessage) return opened.data();
  if (opened.envelope !== undefined) return dataOf(opened.envelope, opened.body);
  const text = asText(opened.body);
  return typeof text === "string" ? maybeJson(text) : text;
}
