import { SECOND_KEY } from "../buckets.ts";
import { KEY_HEADER, TYPE_HEADER } from "../message/cloud-events.ts";

type Headers = Record<string, unknown>;

/** amqplib does not write a header that is undefined. */
const empty = () => ({
  cloudEvents_specversion: undefined as unknown,
  cloudEvents_id: undefined as unknown,
  cloudEvents_source: undefined as unknown,
  cloudEvents_time: undefined as unknown,
  [TYPE_HEADER]: undefined as unknown,
  [KEY_HEADER]: undefined as unknown,
  traceparent: undefined as unknown,
  tracestate: undefined as unknown,
});
const withSecondKey = () => ({ ...empty(), [SECOND_KEY]: undefined as unknown });

/**
 * amqplib makes the headers of each message the prototype of another object. For each prototype V8 makes a hidden class that only a full
 * collection frees, which was a third of what a publish cost. Most messages have the same few headers, so amqplib is given the same
 * object again and again. It has encoded the headers when `publish` returns.
 */
export class ReusedHeaders {
  readonly #secondKey: boolean;
  readonly #size: number;
  #headers: ReturnType<typeof empty> & { [SECOND_KEY]?: unknown };

  /** `secondKey`: the messages have a second routing key. */
  constructor(secondKey = false) {
    this.#secondKey = secondKey;
    this.#headers = this.#made();
    this.#size = Object.keys(this.#headers).length;
  }

  #made() {
    return this.#secondKey ? withSecondKey() : empty();
  }

  /** The same headers, valid until the next call. */
  of(given: Headers): Headers {
    let known = 0;
    for (const name in given) {
      if (!Object.hasOwn(this.#headers, name)) return given;
      known++;
    }
    if (known === 0) return given;
    const headers = this.#own();
    headers.cloudEvents_specversion = given["cloudEvents_specversion"];
    headers.cloudEvents_id = given["cloudEvents_id"];
    headers.cloudEvents_source = given["cloudEvents_source"];
    headers.cloudEvents_time = given["cloudEvents_time"];
    headers.cloudEvents_type = given[TYPE_HEADER];
    headers.cloudEvents_partitionkey = given[KEY_HEADER];
    if (this.#secondKey) headers[SECOND_KEY] = given[SECOND_KEY];
    headers.traceparent = given["traceparent"];
    headers.tracestate = given["tracestate"];
    return headers;
  }

  /** Replaces the object after a tracer has added its own headers to it, because those belong only to the last message. */
  #own() {
    let size = 0;
    for (const _ in this.#headers) size++;
    if (size !== this.#size) this.#headers = this.#made();
    return this.#headers;
  }
}
