import type { Published, PublishManyResult } from "../api/publisher.ts";
import type { Runtime } from "../driver/runtime.ts";
import type { ChannelShape } from "../api/shapes.ts";
import { markFailed } from "./send/outgoing-message.ts";
import { type Common, Commons } from "../wire/shared-fields.ts";
import {
  check,
  checkCapabilities,
  contentOf,
  extraOf,
  givenId,
  orderingKey,
  prepareFailed,
  type RawOptions,
} from "./checks.ts";
import { type Draft, ManyResults, OneOfMany, SinglePublication } from "./publication.ts";
import type { SendQueue } from "./queue/send-queue.ts";

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

/** What a publication is made of, handed over without an object of its own; nothing runs between filling and reading it. */
const draft: { -readonly [K in keyof Draft]: Draft[K] } = {
  common: undefined as unknown as Common,
  id: "",
  time: 0,
  content: "",
  extra: undefined,
};

/** `publish` and `publishMany` of one channel: the checks, the envelope, and the place in the order, all before returning. */
export class ChannelPublisher {
  readonly #options: ChannelPublisherOptions;
  readonly #commons: Commons;

  constructor(options: ChannelPublisherOptions) {
    this.#options = options;
    this.#commons = new Commons(options.shape, options.service);
  }

  publish(
    type: string,
    data: unknown,
    options?: RawOptions & { readonly signal?: AbortSignal | undefined },
  ): Promise<Published> {
    const promise = new Promise(capture);
    const { resolve, reject } = captured;
    const id = this.#idOf(options);
    try {
      this.#prepare(id, type, data, options, options?.signal);
      this.#options.queue.submit(new SinglePublication(draft, resolve, reject));
    } catch (error) {
      reject(prepareFailed(error, this.#options.shape.name, id));
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
          this.#prepare(id, item.type, item.data, item, options?.signal);
          queue.submit(new OneOfMany(draft, many, index));
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

  /** All checks that need no broker; fills the draft. */
  #prepare(
    id: string,
    type: string,
    data: unknown,
    raw: RawOptions | undefined,
    signal: AbortSignal | undefined,
  ): void {
    const { shape, queue, runtime, service } = this.#options;
    givenId(raw);
    const time = runtime.now();
    const valid = check(shape, type, data);
    const content = contentOf(data, raw === undefined && queue.local);
    const extra = extraOf(shape, service, type, data, time, raw, valid, signal);
    if (extra !== undefined) checkCapabilities(shape, extra, queue.capabilities);
    draft.common = this.#commons.of(type, time);
    draft.id = id;
    draft.time = time;
    draft.content = content;
    draft.extra = extra;
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
