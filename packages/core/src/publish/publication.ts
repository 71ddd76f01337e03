import type { Published as Result, PublishManyResult } from "../api/publisher.ts";
import type { MessagingError } from "../api/errors.ts";
import type { ChannelShape } from "../api/shapes.ts";
import type { MessageTrace } from "../api/telemetry.ts";
import type { Capabilities, Runtime, SenderDriver, WireMessage } from "../driver/index.ts";
import { NO_HEADERS } from "../wire/attributes.ts";
import { BYTES_TYPE, encodeBody, JSON_TYPE } from "../wire/codec.ts";
import type { InProcess } from "../wire/in-process.ts";
import type { LocalMessage } from "../wire/in-process-message.ts";
import type { ResolvedOptions } from "../wire/resolved-options.ts";
import type { SharedFields, SharedFieldsByType } from "../wire/shared-fields.ts";
import type { Carried } from "../wire/envelope.ts";
import { isJson } from "../base/media-type.ts";
import { Prepared, type Preparing, type ToPrepare } from "./prepared.ts";
import {
  checkCapabilities,
  checkId,
  checkMessage,
  contentOf,
  encodedBy,
  type RawOptions,
  resolveOptions,
} from "./checks.ts";
import { type Accepted, type Many, OutgoingMessage } from "./send/outgoing-message.ts";

/** What all publications of one channel share. */
export interface PublishingChannel {
  readonly shape: ChannelShape;
  /** The envelope's `source`. */
  readonly service: string;
  readonly runtime: Runtime;
  readonly shared: SharedFieldsByType;
  /** What the messages pass before they are sent. Most channels have none. */
  readonly pipeline?: Preparing | undefined;
  readonly queue: {
    /** What the adapter declared. A publication may not need more. */
    readonly declared: Capabilities;
    /** What the open sender can do, or what the adapter declared while none is open. */
    readonly capabilities: Capabilities;
    /** Only if the open sender's broker runs in this process. */
    readonly inProcess: InProcess | undefined;
  };
}

/** A message published by the application; it is also its own envelope. The constructor validates it and fixes its content. */
abstract class Publication extends OutgoingMessage implements ToPrepare {
  readonly id: string;
  readonly #shared: SharedFields;
  /** Milliseconds after the shared epoch. */
  readonly #since: number;
  readonly #content: string | Uint8Array | LocalMessage | Prepared;
  readonly #options: ResolvedOptions | undefined;

  /** @throws MessagingError if the type, data or options are not valid. */
  constructor(
    { shape, queue, runtime, service, shared, pipeline }: PublishingChannel,
    id: string,
    type: string,
    data: unknown,
    raw: RawOptions | undefined,
    signal: AbortSignal | undefined,
    trace: MessageTrace | undefined,
  ) {
    super();
    checkId(raw);
    const time = runtime.now();
    const valid = checkMessage(shape, type, data);
    const plain = raw === undefined && pipeline === undefined && shape.codec === undefined;
    const { inProcess } = queue;
    const copy = plain && inProcess !== undefined ? inProcess.copyJson(data) : undefined;
    const content = copy ?? (shape.codec === undefined ? contentOf(data) : encodedBy(shape.codec, shape, type, data));
    const options = resolveOptions(shape, service, type, data, time, raw, valid, signal, trace);
    if (options !== undefined) checkCapabilities(shape, options, queue.declared);
    const fields = shared.of(type, time);
    this.id = id;
    this.#shared = fields;
    this.#since = time - fields.epoch;
    this.#options = options;
    if (pipeline !== undefined) {
      const body = content as string | Uint8Array;
      const contentType = shape.codec?.contentType ?? (typeof body === "string" ? JSON_TYPE : BYTES_TYPE);
      this.#content = pipeline.prepare({ body, contentType }, this, queue.capabilities, signal);
    } else
      this.#content =
        copy === undefined
          ? (content as string | Uint8Array)
          : (inProcess as InProcess).localMessage(fields, id, time, copy, options);
  }

  get source(): string {
    return this.#shared.source;
  }

  get type(): string {
    return this.#shared.type;
  }

  get time(): number {
    return this.#shared.epoch + this.#since;
  }

  get hop(): number {
    return 0;
  }

  get contentType(): string {
    const content = this.#content;
    if (content instanceof Prepared) return content.contentType;
    const { codec } = this.#shared.shape;
    if (codec !== undefined) return codec.contentType;
    return content instanceof Uint8Array ? BYTES_TYPE : JSON_TYPE;
  }

  get carried(): Carried | undefined {
    return this.#content instanceof Prepared ? this.#content.carried : undefined;
  }

  get key(): string | undefined {
    return this.#options?.key;
  }

  get headers(): Readonly<Record<string, string>> {
    return this.#options?.headers ?? NO_HEADERS;
  }

  get traceparent(): string | undefined {
    return this.#options?.trace?.traceparent;
  }

  get tracestate(): string | undefined {
    return this.#options?.trace?.tracestate;
  }

  override get trace(): MessageTrace | undefined {
    return this.#options?.trace;
  }

  get valid(): Promise<void> | undefined {
    return this.#options?.valid;
  }

  get expiresAt(): number | undefined {
    return this.#options?.expiresAt;
  }

  get notBefore(): number | undefined {
    const delayMs = this.#options?.delayMs;
    return delayMs === undefined || delayMs === 0 ? undefined : this.time + delayMs;
  }

  get bodyLength(): number {
    return this.#content.length;
  }

  override get signal(): AbortSignal | undefined {
    return this.#options?.signal;
  }

  override get gate(): PromiseLike<unknown> | undefined {
    return this.#content instanceof Prepared ? this.#content.gate : this.#options?.valid;
  }

  /** What the steps of the pipeline have made of the body, for the error `too-large`. */
  override get sizes(): string | undefined {
    return this.#content instanceof Prepared ? this.#content.sizes : undefined;
  }

  override get storeAbove(): number {
    return this.#content instanceof Prepared ? this.#content.storeAbove : Number.POSITIVE_INFINITY;
  }

  override sizeOnceStored(capabilities: Capabilities, driver: SenderDriver): number | undefined {
    const content = this.#content;
    if (!(content instanceof Prepared) || !content.canStore) return undefined;
    return content.onceStored(() => driver.size(this.make(capabilities, driver)));
  }

  override store(): Promise<void> | undefined {
    const content = this.#content;
    return content instanceof Prepared && content.canStore ? content.store() : undefined;
  }

  protected abandon(error: MessagingError): void {
    if (this.#content instanceof Prepared) this.#content.abandon(error);
  }

  make(capabilities: Capabilities, driver: SenderDriver | undefined): WireMessage {
    const content = this.#content;
    if (content instanceof Prepared) return this.#makeBody(content.body, capabilities);
    if (this.#shared.shape.codec !== undefined) return this.#makeBody(content as string | Uint8Array, capabilities);
    if (typeof content === "string" || content instanceof Uint8Array)
      return encodeBody(this, content, capabilities, this.#options, true);
    if (driver?.local === true) return content as WireMessage;
    return encodeBody(this, content.body, capabilities, this.#options, true);
  }

  #makeBody(body: string | Uint8Array, capabilities: Capabilities): WireMessage {
    return encodeBody(this, body, capabilities, this.#options, isJson(this.contentType) && this.carried === undefined);
  }
}

/** A message of `publish`. */
export class SinglePublication extends Publication {
  readonly #resolve: (published: Result) => void;
  readonly #reject: (error: MessagingError) => void;

  constructor(
    channel: PublishingChannel,
    id: string,
    type: string,
    data: unknown,
    raw: RawOptions | undefined,
    signal: AbortSignal | undefined,
    resolve: (published: Result) => void,
    reject: (error: MessagingError) => void,
    trace?: MessageTrace,
  ) {
    super(channel, id, type, data, raw, signal, trace);
    this.#resolve = resolve;
    this.#reject = reject;
  }

  done(error: MessagingError | undefined, sent: Accepted | undefined): void {
    if (error === undefined) return this.#resolve(new Published(this.id, sent as Accepted));
    this.abandon(error);
    this.#reject(error);
  }
}

/** Collects the results of one `publishMany`. */
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

/** A message of `publishMany`. */
export class OneOfMany extends Publication {
  readonly #many: ManyResults;
  readonly #index: number;

  constructor(
    channel: PublishingChannel,
    id: string,
    type: string,
    data: unknown,
    raw: RawOptions | undefined,
    signal: AbortSignal | undefined,
    many: ManyResults,
    index: number,
    trace?: MessageTrace,
  ) {
    super(channel, id, type, data, raw, signal, trace);
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
    if (error !== undefined) this.abandon(error);
    const result: PublishManyResult =
      error === undefined ? { ok: true, ...new Published(id, sent as Accepted) } : { ok: false, id, error };
    this.#many.set(this.#index, result);
  }
}

/** A class, so that V8 does not pretenure it (docs/v8.md#pretenuring). */
class Published implements Result {
  readonly id: string;
  declare readonly position?: string;

  constructor(id: string, { position }: Accepted) {
    this.id = id;
    if (position !== undefined) this.position = position;
  }
}
