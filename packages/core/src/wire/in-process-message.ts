import type { LocalContent } from "../driver/index.ts";
import { encodeBody, JSON_TYPE } from "./codec.ts";
import { type Envelope } from "./envelope.ts";
import { NO_HEADERS } from "./attributes.ts";
import { copyAgain, type JsonCopy } from "../base/json-copy.ts";
import type { SharedFields } from "./shared-fields.ts";
import type { ResolvedOptions } from "./resolved-options.ts";
import { jsonText } from "./text.ts";

export { copyJson } from "../base/json-copy.ts";

/** A character takes at most six bytes: as a JSON escape. In UTF-8 it takes at most three. */
const MOST_PER_CHARACTER = 6;
/** Bytes for the names of headers and attributes, for times, and for a trace context (at most 55 and 512 bytes). */
const OVERHEAD = 1_000;
const IN_HEADERS = { headers: 4, binary: true };

/**
 * A message for a broker in this process ({@link SenderDriver.local}). Its envelope and text are computed only when they are read. It
 * never changes, and shares no objects with the publisher's or the handler's data. It has few fields, because a million may wait at
 * once.
 */
export class LocalMessage implements LocalContent {
  readonly id: string;
  readonly common: SharedFields;
  /** Milliseconds after the common epoch. */
  readonly #since: number;
  readonly #value: unknown;
  /** Twice the approximate length of the body in characters, plus 1 if a shallow copy copies all of it. */
  readonly #tally: number;

  constructor(common: SharedFields, id: string, time: number, copy: JsonCopy) {
    this.id = id;
    this.common = common;
    this.#since = time - common.epoch;
    this.#value = copy.value;
    this.#tally = 2 * copy.length + (copy.flat ? 1 : 0);
  }

  get extra(): ResolvedOptions | undefined {
    return undefined;
  }

  get local(): this {
    return this;
  }

  get length(): number {
    return this.#tally >> 1;
  }

  get atMostBytes(): number {
    const { source, type } = this.common;
    const key = this.extra?.key?.length ?? 0;
    return MOST_PER_CHARACTER * (this.length + this.id.length + source.length + type.length + key) + OVERHEAD;
  }

  get type(): string {
    return this.common.type;
  }

  /** When the message was published (epoch milliseconds). */
  get time(): number {
    return this.common.epoch + this.#since;
  }

  get key(): string | undefined {
    return this.extra?.key;
  }

  get dedup(): string {
    return `${this.id}:0`;
  }

  get envelope(): Envelope {
    const envelope: { -readonly [K in keyof Envelope]: Envelope[K] } = {
      id: this.id,
      source: this.common.source,
      type: this.common.type,
      time: this.time,
      hop: 0,
      contentType: JSON_TYPE,
      headers: NO_HEADERS,
    };
    const { key, trace } = this.extra ?? {};
    if (key !== undefined) envelope.key = key;
    if (trace !== undefined) envelope.traceparent = trace.traceparent;
    if (trace?.tracestate !== undefined) envelope.tracestate = trace.tracestate;
    return envelope;
  }

  get body(): string {
    return jsonText(this.#value);
  }

  get headers(): Readonly<Record<string, string>> {
    return encodeBody(this.envelope, "", IN_HEADERS).headers;
  }

  fresh(): unknown {
    return copyAgain(this.#value, (this.#tally & 1) === 1);
  }
}

/** A message with a key or a trace context. */
class ExtraLocalMessage extends LocalMessage {
  readonly #extra: ResolvedOptions;

  constructor(common: SharedFields, id: string, time: number, copy: JsonCopy, extra: ResolvedOptions) {
    super(common, id, time, copy);
    this.#extra = extra;
  }

  override get extra(): ResolvedOptions {
    return this.#extra;
  }
}

export function localMessage(
  common: SharedFields,
  id: string,
  time: number,
  copy: JsonCopy,
  extra: ResolvedOptions | undefined,
): LocalMessage {
  return extra === undefined
    ? new LocalMessage(common, id, time, copy)
    : new ExtraLocalMessage(common, id, time, copy, extra);
}
