import type { Published, PublishManyResult } from "../api/publisher.ts";
import { captureParts, parts } from "../base/promise-parts.ts";
import type { Runtime } from "../driver/runtime.ts";
import type { Preparing } from "./prepared.ts";
import type { ChannelShape } from "../api/shapes.ts";
import { SharedFieldsByType } from "../wire/shared-fields.ts";
import { orderingKey, type RawOptions, refusalOf } from "./checks.ts";
import { ManyResults, OneOfMany, type PublishingChannel, SinglePublication } from "./publication.ts";
import type { SendQueue } from "./queue/send-queue.ts";
import { markFailed } from "./send/outgoing-message.ts";

export interface ChannelPublisherOptions {
  readonly shape: ChannelShape;
  readonly queue: SendQueue;
  readonly runtime: Runtime;
  /** The envelope's `source`. */
  readonly service: string;
  readonly pipeline?: Preparing | undefined;
}

/** Asks messaging what its publisher of a channel is made of. Not `Symbol.for`: a publisher of another copy of core cannot be shared. */
export const publisherOptions: unique symbol = Symbol("publisherOptions");

export interface ManyItem extends RawOptions {
  readonly type: string;
  readonly data: unknown;
}

/**
 * `publish` and `publishMany` of one channel. Before they return, a message has passed all checks that need no broker, its content
 * is fixed and it has its place in the order of its key. From here it goes to {@link SendQueue}, the send loop and the driver.
 */
export class ChannelPublisher {
  readonly #channel: PublishingChannel;
  readonly #queue: SendQueue;
  /** What it was made of, for one that publishes to the same queue in another way. */
  readonly options: ChannelPublisherOptions;

  constructor(options: ChannelPublisherOptions) {
    const { shape, queue, runtime, service, pipeline } = options;
    this.options = options;
    this.#queue = queue;
    this.#channel = { shape, queue, runtime, service, pipeline, shared: new SharedFieldsByType(shape, service) };
  }

  publish(
    type: string,
    data: unknown,
    options?: RawOptions & { readonly signal?: AbortSignal | undefined },
  ): Promise<Published> {
    const promise = new Promise<Published>(captureParts);
    const { resolve, reject } = parts;
    const id = this.#idOf(options);
    try {
      this.#queue.submit(
        new SinglePublication(this.#channel, id, type, data, options, options?.signal, resolve, reject),
      );
    } catch (error) {
      reject(refusalOf(error, this.#channel.shape.name, id));
    }
    return promise;
  }

  publishMany(
    items: readonly ManyItem[],
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<readonly PublishManyResult[]> {
    if (items.length === 0) return Promise.resolve([]);
    return new Promise((resolve) => {
      const { shape } = this.#channel;
      const many = new ManyResults(items.length, resolve);
      items.forEach((item, index) => {
        const id = this.#idOf(item);
        try {
          this.#queue.submit(
            new OneOfMany(this.#channel, id, item.type, item.data, item, options?.signal, many, index),
          );
        } catch (error) {
          markFailed(many, keyIfAny(shape, item.type, item.data), index);
          many.set(index, { ok: false, id, error: refusalOf(error, shape.name, id) });
        }
      });
    });
  }

  /** An id that is not text is refused later, but its result needs an id too. */
  #idOf(options: RawOptions | undefined): string {
    return typeof options?.id === "string" ? options.id : this.#channel.runtime.uuid();
  }
}

/** The ordering key of a refused message, which may have none. */
function keyIfAny(shape: ChannelShape, type: string, data: unknown): string | undefined {
  try {
    return orderingKey(shape, type, data);
  } catch {
    return undefined;
  }
}
