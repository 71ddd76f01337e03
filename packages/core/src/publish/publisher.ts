import type { Capabilities, WireMessage } from "../driver.ts";
import { encodeBody } from "../envelope.ts";
import type { MessagingError } from "../errors.ts";
import type { Published, PublishManyResult } from "../publisher.ts";
import type { Runtime } from "../runtime.ts";
import type { ChannelShape } from "../shapes.ts";
import type { Accepted, Many } from "./item.ts";
import { markFailed } from "./item.ts";
import { checkCapabilities, givenId, orderingKey, prepare, prepareFailed, type RawOptions } from "./prepare.ts";
import type { SendQueue } from "./send-queue.ts";

export interface ChannelPublisherOptions {
  readonly shape: ChannelShape;
  readonly queue: SendQueue;
  readonly runtime: Runtime;
  /** The envelope's `source`. */
  readonly service: string;
}

export interface ManyItem extends RawOptions {
  readonly type: string;
  readonly data: unknown;
}

type Done = (error: MessagingError | undefined, sent: Accepted | undefined) => void;

/** `publish` and `publishMany` of one channel: the checks, the envelope, and the place in the order, all before returning. */
export class ChannelPublisher {
  readonly #options: ChannelPublisherOptions;

  constructor(options: ChannelPublisherOptions) {
    this.#options = options;
  }

  publish(
    type: string,
    data: unknown,
    options?: RawOptions & { readonly signal?: AbortSignal | undefined },
  ): Promise<Published> {
    return new Promise((resolve, reject) => {
      const id = this.#idOf(options);
      this.#submit(id, type, data, options, options?.signal, undefined, 0, (error, sent) =>
        error === undefined ? resolve(published(id, sent as Accepted)) : reject(error),
      );
    });
  }

  publishMany(
    items: readonly ManyItem[],
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<readonly PublishManyResult[]> {
    const results = new Array<PublishManyResult>(items.length);
    if (items.length === 0) return Promise.resolve(results);
    const many: Many = { failed: new Map() };
    return new Promise((resolve) => {
      let left = items.length;
      items.forEach((item, index) => {
        const id = this.#idOf(item);
        this.#submit(id, item.type, item.data, item, options?.signal, many, index, (error, sent) => {
          results[index] =
            error === undefined ? { ok: true, ...published(id, sent as Accepted) } : { ok: false, id, error };
          if (--left === 0) resolve(results);
        });
      });
    });
  }

  /** One that is no text is refused later; its results still need a name. */
  #idOf(options: RawOptions | undefined): string {
    return typeof options?.id === "string" ? options.id : this.#options.runtime.uuid();
  }

  #submit(
    id: string,
    type: string,
    data: unknown,
    raw: RawOptions | undefined,
    signal: AbortSignal | undefined,
    many: Many | undefined,
    index: number,
    done: Done,
  ): void {
    const { shape, queue, runtime, service } = this.#options;
    try {
      givenId(raw);
      const prepared = prepare(shape, service, runtime.now(), id, type, data, raw);
      const { envelope, body, valid } = prepared;
      const special = prepared.delayMs !== undefined || prepared.fairness !== undefined;
      if (special) checkCapabilities(shape, prepared, queue.capabilities);
      const make = (capabilities: Capabilities): WireMessage => {
        if (special) checkCapabilities(shape, prepared, capabilities);
        return encodeBody(envelope, body, capabilities, prepared);
      };
      const known = { key: envelope.key, bytes: body.length };
      queue.submit(make, { id, signal, gate: valid, many, index, known }, done);
    } catch (error) {
      if (many !== undefined) markFailed(many, keyIfAny(shape, type, data), index);
      done(prepareFailed(error, shape.name, id), undefined);
    }
  }
}

function published(id: string, sent: Accepted): Published {
  return sent.position === undefined ? { id } : { id, position: sent.position };
}

/** Of a message that was refused: it may not have one. */
function keyIfAny(shape: ChannelShape, type: string, data: unknown): string | undefined {
  try {
    return orderingKey(shape, type, data);
  } catch {
    return undefined;
  }
}
