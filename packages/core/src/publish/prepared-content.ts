import { isMessagingError, MessagingError } from "../api/errors.ts";
import { carriedOf, sizeOf } from "../content/carried.ts";
import type { Pipeline } from "../content/pipeline.ts";
import type { Attributes, Content, Writing } from "../pipeline/content.ts";
import type { Capabilities } from "../driver/index.ts";
import type { Carried } from "../wire/envelope.ts";
import { OUR_HEADERS } from "../wire/codec.ts";
import { Prepared, type Preparing, type ToPrepare } from "./prepared.ts";
import { largestMessage } from "./send/encode.ts";

/** A SHA-256 as base64url. */
const SHA256_CHARS = 43;

/**
 * The content of a message whose channel has a pipeline. It is compressed and encrypted once, before the message is sent for the first
 * time; a resend sends the same bytes. It is stored elsewhere at most once, when a sender finds it too large.
 */
class PreparedContent extends Prepared implements Writing {
  readonly binary: boolean;
  gate: PromiseLike<void> | undefined;
  readonly #pipeline: Pipeline;
  readonly #message: Attributes;
  readonly #signal: AbortSignal | undefined;
  /** What each step made of the body, for the error `too-large`. */
  readonly #sizes: string[] = [];
  #content: Content;
  #carried: Carried | undefined;
  #abort: AbortController | undefined;
  #abandoned: MessagingError | undefined;
  #stored = false;

  constructor(
    pipeline: Pipeline,
    content: Content,
    message: Attributes,
    binary: boolean,
    signal: AbortSignal | undefined,
  ) {
    super();
    this.#pipeline = pipeline;
    this.#content = content;
    this.#message = message;
    this.binary = binary;
    this.#signal = signal;
  }

  get body(): string | Uint8Array {
    return this.#content.body;
  }

  get length(): number {
    return this.#content.body.length;
  }

  get contentType(): string {
    return this.#content.contentType;
  }

  get carried(): Carried | undefined {
    return this.#carried;
  }

  /** Each step with the size after it: `a body of 9000 bytes, compressed to 1200`. Undefined if no step has changed the body. */
  get sizes(): string | undefined {
    return this.#sizes.length === 0 ? undefined : this.#sizes.join(", ");
  }

  /**
   * Compresses and encrypts. Returns a promise only if something must be waited for. `check` gets the most bytes that the body may
   * have, before any key is asked for.
   */
  prepare(check: (most: number, sizes: string) => void): Promise<void> | undefined {
    const plain = sizeOf(this.#content);
    const told = (most: number) => check(most, `a body of ${plain} bytes, at most ${most} once encrypted`);
    let made: Content | Promise<Content>;
    try {
      made = this.#pipeline.write(this.#content, this.#message, this, told);
    } catch (error) {
      throw this.#notSent(error);
    }
    if (made instanceof Promise)
      return made.then(
        (content) => this.#made(plain, content),
        (error: unknown) => {
          throw this.#notSent(error);
        },
      );
    this.#made(plain, made);
    return undefined;
  }

  /** Nothing was sent, whatever a step says: publishing again is safe. */
  #notSent(cause: unknown): MessagingError {
    const { channel, id } = this.#message;
    if (isMessagingError(cause) && cause.kind !== "ambiguous") return cause;
    const known = isMessagingError(cause);
    const text = known ? cause.message : `"${channel}": a step of the channel's pipeline failed; nothing was sent`;
    return new MessagingError(known ? cause.code : "step-failed", text, { kind: "retryable", channel, id, cause });
  }

  #made(plain: number, content: Content): void {
    if (content === this.#content) return;
    this.#sizes.push(`a body of ${plain} bytes`);
    if (content.coding !== undefined) this.#sizes.push(`compressed to ${sizeOf(content)}`);
    else this.#sizes.push(`encrypted to ${sizeOf(content)}`);
    this.#set(content);
  }

  /** The size above which the message is to be stored elsewhere. Infinite if there is no store, or the message is stored already. */
  get storeAbove(): number {
    return this.canStore ? this.#pipeline.claimAbove : Number.POSITIVE_INFINITY;
  }

  get canStore(): boolean {
    return this.#pipeline.claimCheck !== undefined && !this.#stored;
  }

  onceStored(measure: () => number): number {
    const content = this.#content;
    const bytes = sizeOf(content);
    const most = "x".repeat(this.#pipeline.claimCheck!.most(bytes));
    // The address of an object is no longer than the pointer that holds it.
    this.#set({ ...content, body: most, claim: { ref: most, bytes, sha256: "x".repeat(SHA256_CHARS) } });
    try {
      return measure();
    } finally {
      this.#set(content);
    }
  }

  /** Stores the body elsewhere and keeps a pointer. */
  async store(): Promise<void> {
    const stored = sizeOf(this.#content);
    this.#stored = true;
    try {
      this.#set(await this.#pipeline.claimCheck!.write(this.#content, this.#message, this));
    } catch (error) {
      throw this.#notSent(error);
    }
    this.#sizes.push(`${stored} stored elsewhere`);
  }

  #set(content: Content): void {
    this.#content = content;
    this.#carried = carriedOf(content);
  }

  /** Made when a step first needs it. Aborts when the message has failed, whatever the reason. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#abandoned !== undefined) this.#abort.abort(this.#abandoned);
    return this.#signal === undefined ? this.#abort.signal : AbortSignal.any([this.#abort.signal, this.#signal]);
  }

  /** Ends a preparation that nobody waits for any more. */
  abandon(reason: MessagingError): void {
    this.#abandoned = reason;
    this.#abort?.abort(reason);
  }
}

/** Prepares the messages of one channel. */
export class Preparer implements Preparing {
  readonly #pipeline: Pipeline;
  readonly #channel: string;

  constructor(pipeline: Pipeline, channel: string) {
    this.#pipeline = pipeline;
    this.#channel = channel;
  }

  prepare(content: Content, message: ToPrepare, capabilities: Capabilities, signal: AbortSignal | undefined): Prepared {
    const { id, source, type, time, key, expiresAt, hop, headers, valid } = message;
    const attributes = { channel: this.#channel, id, source, type, time, key, expiresAt, hop, headers };
    const binary = capabilities.binary && capabilities.headers >= OUR_HEADERS;
    const prepared = new PreparedContent(this.#pipeline, content, attributes, binary, signal);
    const stores = this.#pipeline.claimCheck !== undefined;
    const limit = stores ? Number.POSITIVE_INFINITY : largestMessage(capabilities);
    const prepare = () => prepared.prepare((most, sizes) => this.#refuseLarge(id, most, sizes, limit));
    // An asynchronous schema has its say first: nothing is encrypted or stored that is not valid.
    prepared.gate = valid === undefined ? prepare() : valid.then(prepare);
    return prepared;
  }

  #refuseLarge(id: string, most: number, sizes: string, limit: number): void {
    if (most <= limit) return;
    const text = `${sizes}; "${this.#channel}" takes ${limit} with the envelope; send less, or configure a claim check`;
    throw new MessagingError("too-large", text, { kind: "permanent", channel: this.#channel, id });
  }
}
