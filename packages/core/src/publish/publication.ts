import type { Capabilities, SenderDriver, WireMessage } from "../driver/index.ts";
import { BYTES_TYPE, encodeBody, JSON_TYPE } from "../wire/codec.ts";
import { type Envelope } from "../wire/envelope.ts";
import { NO_HEADERS } from "../wire/attributes.ts";
import type { MessagingError } from "../api/errors.ts";
import { JsonCopy } from "../base/json-copy.ts";
import { LocalMessage, localMessage } from "../wire/in-process-message.ts";
import type { Published as Result, PublishManyResult } from "../api/publisher.ts";
import type { Common } from "../wire/shared-fields.ts";
import type { Extra } from "../wire/optional-fields.ts";
import { type Accepted, Item, type Many } from "./send/outgoing-message.ts";
import { checkCapabilities, type Content } from "./checks.ts";

/** A checked message; what is made of it takes it over. */
export interface Draft {
  readonly common: Common;
  readonly id: string;
  readonly time: number;
  content: Content;
  extra: Extra | undefined;
}

/** One checked message of a user's, and its own envelope. */
abstract class Publication extends Item implements Envelope {
  readonly id: string;
  readonly #common: Common;
  /** After the common epoch. */
  readonly #since: number;
  readonly #content: string | Uint8Array | LocalMessage;
  readonly #extra: Extra | undefined;

  constructor(draft: Draft) {
    super();
    const { common, id, time, content, extra } = draft;
    draft.content = "";
    draft.extra = undefined;
    this.id = id;
    this.#common = common;
    this.#since = time - common.epoch;
    this.#content = content instanceof JsonCopy ? localMessage(common, id, time, content, extra) : content;
    this.#extra = extra;
  }

  get source(): string {
    return this.#common.source;
  }

  get type(): string {
    return this.#common.type;
  }

  get time(): number {
    return this.#common.epoch + this.#since;
  }

  get hop(): number {
    return 0;
  }

  get contentType(): string {
    return this.#content instanceof Uint8Array ? BYTES_TYPE : JSON_TYPE;
  }

  get key(): string | undefined {
    return this.#extra?.key;
  }

  get headers(): Readonly<Record<string, string>> {
    return this.#extra?.headers ?? NO_HEADERS;
  }

  get traceparent(): string | undefined {
    return this.#extra?.trace?.traceparent;
  }

  get tracestate(): string | undefined {
    return this.#extra?.trace?.tracestate;
  }

  get expiresAt(): number | undefined {
    return this.#extra?.expiresAt;
  }

  get bodyLength(): number {
    return this.#content.length;
  }

  override get signal(): AbortSignal | undefined {
    return this.#extra?.signal;
  }

  override get gate(): PromiseLike<unknown> | undefined {
    return this.#extra?.valid;
  }

  make(capabilities: Capabilities, driver: SenderDriver | undefined): WireMessage {
    const extra = this.#extra;
    const content = this.#content;
    if (extra !== undefined) checkCapabilities(this.#common.shape, extra, capabilities);
    if (!(content instanceof LocalMessage)) return encodeBody(this, content, capabilities, extra, true);
    if (driver?.local === true) return content as WireMessage;
    return encodeBody(this, content.body, capabilities, extra, true);
  }
}

/** Of `publish`. */
export class SinglePublication extends Publication {
  readonly #resolve: (published: Result) => void;
  readonly #reject: (error: MessagingError) => void;

  constructor(draft: Draft, resolve: (published: Result) => void, reject: (error: MessagingError) => void) {
    super(draft);
    this.#resolve = resolve;
    this.#reject = reject;
  }

  done(error: MessagingError | undefined, sent: Accepted | undefined): void {
    if (error === undefined) this.#resolve(new Published(this.id, sent as Accepted));
    else this.#reject(error);
  }
}

/** The results of one `publishMany`, as they come in. */
export class ManyResults implements Many {
  readonly failed = new Map<string, number>();
  readonly #results: PublishManyResult[];
  readonly #resolve: (results: readonly PublishManyResult[]) => void;
  #left: number;

  constructor(count: number, resolve: (results: readonly PublishManyResult[]) => void) {
    this.#results = new Array<PublishManyResult>(count);
    this.#left = count;
    this.#resolve = resolve;
  }

  set(index: number, result: PublishManyResult): void {
    this.#results[index] = result;
    if (--this.#left === 0) this.#resolve(this.#results);
  }
}

/** Of `publishMany`. */
export class OneOfMany extends Publication {
  readonly #many: ManyResults;
  readonly #index: number;

  constructor(draft: Draft, many: ManyResults, index: number) {
    super(draft);
    this.#many = many;
    this.#index = index;
  }

  override get many(): Many {
    return this.#many;
  }

  override get index(): number {
    return this.#index;
  }

  done(error: MessagingError | undefined, sent: Accepted | undefined): void {
    const { id } = this;
    const result: PublishManyResult =
      error === undefined ? { ok: true, ...new Published(id, sent as Accepted) } : { ok: false, id, error };
    this.#many.set(this.#index, result);
  }
}

/** A class: the engine learns where literals are made, and puts those that lived long once where they are collected late. */
class Published implements Result {
  readonly id: string;
  declare readonly position?: string;

  constructor(id: string, { position }: Accepted) {
    this.id = id;
    if (position !== undefined) this.position = position;
  }
}
