import type { Capabilities, SenderDriver, WireMessage } from "../driver.ts";
import { encodeBody } from "../envelope.ts";
import type { MessagingError } from "../errors.ts";
import { LocalMessage } from "../local-message.ts";
import type { Published, PublishManyResult } from "../publisher.ts";
import type { ChannelShape } from "../shapes.ts";
import type { Accepted, Many, Request } from "./item.ts";
import { checkCapabilities, type Prepared } from "./prepare.ts";

/** One checked message of a user's, until it is accepted or has failed. */
abstract class Publication implements Request {
  readonly id: string;
  readonly signal: AbortSignal | undefined;
  readonly #shape: ChannelShape;
  readonly #prepared: Prepared;

  constructor(id: string, signal: AbortSignal | undefined, shape: ChannelShape, prepared: Prepared) {
    this.id = id;
    this.signal = signal;
    this.#shape = shape;
    this.#prepared = prepared;
  }

  abstract done(error: MessagingError | undefined, sent: Accepted | undefined): void;

  get gate(): PromiseLike<unknown> | undefined {
    return this.#prepared.valid;
  }

  get known(): { readonly key: string | undefined; readonly bytes: number } {
    return this;
  }

  get key(): string | undefined {
    return this.#prepared.envelope.key;
  }

  get bytes(): number {
    return this.#prepared.content.length;
  }

  make(capabilities: Capabilities, driver: SenderDriver | undefined): WireMessage {
    const { envelope, content, delayMs, fairness } = this.#prepared;
    if (delayMs !== undefined || fairness !== undefined) checkCapabilities(this.#shape, this.#prepared, capabilities);
    if (!(content instanceof LocalMessage)) return encodeBody(envelope, content, capabilities, this.#prepared);
    if (driver?.local === true) return content as WireMessage;
    return encodeBody(envelope, content.body, capabilities, this.#prepared);
  }
}

/** Of `publish`. */
export class SinglePublication extends Publication {
  readonly #resolve: (published: Published) => void;
  readonly #reject: (error: MessagingError) => void;

  constructor(
    id: string,
    signal: AbortSignal | undefined,
    shape: ChannelShape,
    prepared: Prepared,
    resolve: (published: Published) => void,
    reject: (error: MessagingError) => void,
  ) {
    super(id, signal, shape, prepared);
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
  readonly many: ManyResults;
  readonly index: number;

  constructor(
    id: string,
    signal: AbortSignal | undefined,
    shape: ChannelShape,
    prepared: Prepared,
    many: ManyResults,
    index: number,
  ) {
    super(id, signal, shape, prepared);
    this.many = many;
    this.index = index;
  }

  done(error: MessagingError | undefined, sent: Accepted | undefined): void {
    const { id } = this;
    const result: PublishManyResult =
      error === undefined ? { ok: true, ...published(id, sent as Accepted) } : { ok: false, id, error };
    this.many.set(this.index, result);
  }
}

function published(id: string, sent: Accepted): Published {
  return sent.position === undefined ? { id } : { id, position: sent.position };
}
