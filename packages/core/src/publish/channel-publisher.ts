import type { Published, PublishManyResult } from "../api/publisher.ts";
import type { MessagingError } from "../api/errors.ts";
import type { MessageTrace, Publishing } from "../api/telemetry.ts";
import { carriedBy, type Probe } from "../wire/probe.ts";
import { readTrace } from "../wire/trace.ts";
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
  /** Absent without telemetry. */
  readonly probe?: Probe | undefined;
}

/** Asks messaging what its publisher of a channel is made of. Not `Symbol.for`: a publisher of another copy of core cannot be shared. */
export const publisherOptions: unique symbol = Symbol("publisherOptions");

/** The options of one message. */
type SingleOptions = RawOptions & { readonly signal?: AbortSignal | undefined };

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
  readonly #probe: Probe | undefined;
  /** What it was made of, for one that publishes to the same queue in another way. */
  readonly options: ChannelPublisherOptions;

  constructor(options: ChannelPublisherOptions) {
    const { shape, queue, runtime, service, pipeline, probe } = options;
    this.options = options;
    this.#queue = queue;
    this.#probe = probe;
    this.#channel = { shape, queue, runtime, service, pipeline, shared: new SharedFieldsByType(shape, service) };
  }

  publish(type: string, data: unknown, options?: SingleOptions): Promise<Published> {
    const promise = new Promise<Published>(captureParts);
    const { resolve, reject } = parts;
    const id = this.#idOf(options);
    if (this.#probe !== undefined) this.#publishWatched(this.#probe, id, type, data, options, resolve, reject);
    else this.#submit(id, type, data, options, resolve, reject);
    return promise;
  }

  #submit(
    id: string,
    type: string,
    data: unknown,
    options: SingleOptions | undefined,
    resolve: (published: Published) => void,
    reject: (error: MessagingError) => void,
    trace?: MessageTrace,
  ): void {
    try {
      this.#queue.submit(
        new SinglePublication(this.#channel, id, type, data, options, options?.signal, resolve, reject, trace),
      );
    } catch (error) {
      reject(refusalOf(error, this.#channel.shape.name, id));
    }
  }

  #publishWatched(
    probe: Probe,
    id: string,
    type: string,
    data: unknown,
    options: SingleOptions | undefined,
    resolve: (published: Published) => void,
    reject: (error: MessagingError) => void,
  ): void {
    const own = ownTrace(options);
    const publishing = own === undefined ? probe.publishing({ id, type: String(type) }) : undefined;
    if (publishing === undefined) return this.#submit(id, type, data, options, resolve, reject, own);
    const accepted = (published: Published) => {
      probe.published(publishing);
      resolve(published);
    };
    const failed = (error: MessagingError) => {
      probe.published(publishing, error);
      reject(error);
    };
    this.#submit(id, type, data, options, accepted, failed, carriedBy(publishing));
  }

  publishMany(
    items: readonly ManyItem[],
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<readonly PublishManyResult[]> {
    if (items.length === 0) return Promise.resolve([]);
    return new Promise((resolve) => {
      const { shape } = this.#channel;
      const probe = this.#probe;
      const watched = probe === undefined ? undefined : new WatchedResults(items.length, resolve, probe);
      const many = watched ?? new ManyResults(items.length, resolve);
      items.forEach((item, index) => {
        const id = this.#idOf(item);
        const trace = watched?.begin(index, id, item);
        try {
          this.#queue.submit(
            new OneOfMany(this.#channel, id, item.type, item.data, item, options?.signal, many, index, trace),
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

/** The trace context in a message's headers. Such a message keeps it, and telemetry is not told of its publish. */
function ownTrace(options: RawOptions | undefined): MessageTrace | undefined {
  const headers: unknown = options?.headers;
  return typeof headers === "object" && headers !== null ? readTrace(headers) : undefined;
}

/** Results that tell telemetry of each. */
class WatchedResults extends ManyResults {
  readonly #probe: Probe;
  readonly #begun: (Publishing | undefined)[] = [];

  constructor(count: number, resolve: (results: readonly PublishManyResult[]) => void, probe: Probe) {
    super(count, resolve);
    this.#probe = probe;
  }

  begin(index: number, id: string, item: ManyItem): MessageTrace | undefined {
    const own = ownTrace(item);
    if (own !== undefined) return own;
    const publishing = this.#probe.publishing({ id, type: String(item.type) });
    this.#begun[index] = publishing;
    return publishing === undefined ? undefined : carriedBy(publishing);
  }

  override set(index: number, result: PublishManyResult): void {
    const publishing = this.#begun[index];
    if (publishing !== undefined) this.#probe.published(publishing, result.ok ? undefined : result.error);
    super.set(index, result);
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
