import type { Capabilities, SenderDriver, WireMessage } from "../driver.ts";
import { type Envelope, encodeBody } from "../envelope.ts";
import type { MessagingError } from "../errors.ts";
import { LocalMessage } from "../local-message.ts";
import type { Published, PublishManyResult } from "../publisher.ts";
import type { ChannelShape } from "../shapes.ts";
import { type Accepted, Item, type Many } from "./item.ts";
import { checkCapabilities, type Prepared, type Special } from "./prepare.ts";

/** One checked message of a user's. */
abstract class Publication extends Item {
  readonly #shape: ChannelShape;
  readonly #envelope: Envelope;
  readonly #content: Prepared["content"];
  readonly #special: Special | undefined;

  constructor(signal: AbortSignal | undefined, shape: ChannelShape, { envelope, content, special }: Prepared) {
    super(signal, envelope.key, content.length);
    this.#shape = shape;
    this.#envelope = envelope;
    this.#content = content;
    this.#special = special;
  }

  get id(): string {
    return this.#envelope.id;
  }

  override get gate(): PromiseLike<unknown> | undefined {
    return this.#special?.valid;
  }

  make(capabilities: Capabilities, driver: SenderDriver | undefined): WireMessage {
    const special = this.#special;
    const content = this.#content;
    if (special !== undefined) checkCapabilities(this.#shape, special, capabilities);
    if (!(content instanceof LocalMessage)) return encodeBody(this.#envelope, content, capabilities, special, true);
    if (driver?.local === true) return content as WireMessage;
    return encodeBody(this.#envelope, content.body, capabilities, special, true);
  }
}

/** Of `publish`. */
export class SinglePublication extends Publication {
  readonly #resolve: (published: Published) => void;
  readonly #reject: (error: MessagingError) => void;

  constructor(
    signal: AbortSignal | undefined,
    shape: ChannelShape,
    prepared: Prepared,
    resolve: (published: Published) => void,
    reject: (error: MessagingError) => void,
  ) {
    super(signal, shape, prepared);
    this.#resolve = resolve;
    this.#reject = reject;
  }

  done(error: MessagingError | undefined, sent: Accepted | undefined): void {
    if (error === undefined) this.#resolve(published(this.id, sent as Accepted));
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

  constructor(
    signal: AbortSignal | undefined,
    shape: ChannelShape,
    prepared: Prepared,
    many: ManyResults,
    index: number,
  ) {
    super(signal, shape, prepared);
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
      error === undefined ? { ok: true, ...published(id, sent as Accepted) } : { ok: false, id, error };
    this.#many.set(this.#index, result);
  }
}

function published(id: string, sent: Accepted): Published {
  return sent.position === undefined ? { id } : { id, position: sent.position };
}
