import type { LocalContent, WireMessage } from "./driver.ts";
import { type Envelope, encodeBody } from "./envelope.ts";
import { copyAgain, type Tally } from "./json-copy.ts";
import { jsonText } from "./text.ts";

/** UTF-8 takes three bytes for a character, a JSON escape six. */
const MOST_PER_CHARACTER = 6;
/** Names of headers and attributes, times, and a trace context: 55 and 512 bytes at most. */
const AROUND = 1_000;
const ALL = { headers: 4, binary: true };

/**
 * A message for a broker in this process ({@link SenderDriver.local}): the same message as ever, but that its text is made
 * only where somebody looks at it. It never changes, and shares nothing with what was published or is handled.
 */
export class LocalMessage implements LocalContent {
  readonly envelope: Envelope;
  /** Characters of the body, roughly. */
  readonly length: number;
  readonly #value: unknown;
  readonly #flat: boolean;
  #wire: WireMessage | undefined = undefined;

  constructor(envelope: Envelope, value: unknown, { length, flat }: Tally) {
    this.envelope = envelope;
    this.length = length;
    this.#value = value;
    this.#flat = flat;
  }

  get local(): LocalContent {
    return this;
  }

  get atMostBytes(): number {
    const { id, source, type, key } = this.envelope;
    return MOST_PER_CHARACTER * (this.length + id.length + source.length + type.length + (key?.length ?? 0)) + AROUND;
  }

  get type(): string {
    return this.envelope.type;
  }

  get key(): string | undefined {
    return this.envelope.key;
  }

  get dedup(): string {
    return `${this.envelope.id}:${this.envelope.hop}`;
  }

  get body(): string | Uint8Array {
    return this.#text().body;
  }

  get headers(): Readonly<Record<string, string>> {
    return this.#text().headers;
  }

  fresh(): unknown {
    return copyAgain(this.#value, this.#flat);
  }

  #text(): WireMessage {
    this.#wire ??= encodeBody(this.envelope, jsonText(this.#value), ALL);
    return this.#wire;
  }
}
