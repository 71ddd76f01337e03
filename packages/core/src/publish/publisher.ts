import type { Published, PublishManyResult } from "../publisher.ts";
import type { Runtime } from "../runtime.ts";
import type { ChannelShape } from "../shapes.ts";
import { markFailed } from "./item.ts";
import {
  checkCapabilities,
  givenId,
  orderingKey,
  prepare,
  type Prepared,
  prepareFailed,
  type RawOptions,
} from "./prepare.ts";
import { ManyResults, OneOfMany, SinglePublication } from "./publication.ts";
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

/** The functions of the promise just made: one function for all promises, where each would have a closure of its own. */
const captured: { resolve: (published: Published) => void; reject: (error: unknown) => void } = {
  resolve: () => {},
  reject: () => {},
};
const capture = (resolve: (published: Published) => void, reject: (error: unknown) => void): void => {
  captured.resolve = resolve;
  captured.reject = reject;
};

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
    const { shape, queue } = this.#options;
    const promise = new Promise(capture);
    const { resolve, reject } = captured;
    const id = this.#idOf(options);
    try {
      const prepared = this.#prepare(id, type, data, options);
      queue.submit(new SinglePublication(options?.signal, shape, prepared, resolve, reject));
    } catch (error) {
      reject(prepareFailed(error, shape.name, id));
    }
    return promise;
  }

  publishMany(
    items: readonly ManyItem[],
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<readonly PublishManyResult[]> {
    if (items.length === 0) return Promise.resolve([]);
    return new Promise((resolve) => {
      const { shape, queue } = this.#options;
      const many = new ManyResults(items.length, resolve);
      items.forEach((item, index) => {
        const id = this.#idOf(item);
        try {
          const prepared = this.#prepare(id, item.type, item.data, item);
          queue.submit(new OneOfMany(options?.signal, shape, prepared, many, index));
        } catch (error) {
          markFailed(many, keyIfAny(shape, item.type, item.data), index);
          many.set(index, { ok: false, id, error: prepareFailed(error, shape.name, id) });
        }
      });
    });
  }

  /** One that is no text is refused later; its results still need a name. */
  #idOf(options: RawOptions | undefined): string {
    return typeof options?.id === "string" ? options.id : this.#options.runtime.uuid();
  }

  #prepare(id: string, type: string, data: unknown, raw: RawOptions | undefined): Prepared {
    const { shape, queue, runtime, service } = this.#options;
    givenId(raw);
    const prepared = prepare(shape, service, runtime.now(), id, type, data, raw, queue.local);
    if (prepared.special !== undefined) checkCapabilities(shape, prepared.special, queue.capabilities);
    return prepared;
  }
}

/** Of a message that was refused: it may not have one. */
function keyIfAny(shape: ChannelShape, type: string, data: unknown): string | undefined {
  try {
    return orderingKey(shape, type, data);
  } catch {
    return undefined;
  }
}
