/** An edited dead letter on its way to the group that failed it: a new message, checked as those of `publish()`. */
import type { MessagingError } from "../../api/errors.ts";
import { isJson } from "../../base/media-type.ts";
import type { Capabilities, SenderDriver, WireMessage } from "../../driver/index.ts";
import { Prepared, type Preparing } from "../../publish/prepared.ts";
import { type Accepted, OutgoingMessage } from "../../publish/send/outgoing-message.ts";
import { encodeBody } from "../../wire/codec.ts";
import type { Envelope } from "../../wire/envelope.ts";

export interface EditedMessageParts {
  readonly envelope: Envelope;
  readonly body: string | Uint8Array;
  /** The tenant of the letter, if its broker says it. */
  readonly fairness: string | undefined;
  /** Compresses, encrypts and stores as for every message of the channel. */
  readonly preparing: Preparing | undefined;
  /** Of the queue to the group. */
  readonly capabilities: Capabilities;
  readonly accepted: (sent: Accepted) => void;
  readonly failed: (error: MessagingError | undefined) => void;
}

export class EditedMessage extends OutgoingMessage {
  readonly #parts: EditedMessageParts;
  readonly #content: string | Uint8Array | Prepared;

  constructor(parts: EditedMessageParts) {
    super();
    this.#parts = parts;
    const { envelope, body, preparing, capabilities } = parts;
    const content = { body, contentType: envelope.contentType };
    this.#content = preparing?.prepare(content, { ...envelope, valid: undefined }, capabilities, undefined) ?? body;
  }

  get id(): string {
    return this.#parts.envelope.id;
  }

  get key(): string | undefined {
    return this.#parts.envelope.key;
  }

  get bodyLength(): number {
    return this.#content.length;
  }

  override get gate(): PromiseLike<unknown> | undefined {
    return this.#prepared?.gate;
  }

  override get sizes(): string | undefined {
    return this.#prepared?.sizes;
  }

  override get storeAbove(): number {
    return this.#prepared?.storeAbove ?? Number.POSITIVE_INFINITY;
  }

  override sizeOnceStored(capabilities: Capabilities, driver: SenderDriver): number | undefined {
    const prepared = this.#prepared;
    return prepared?.canStore === true ? prepared.onceStored(() => driver.size(this.make(capabilities))) : undefined;
  }

  override store(): Promise<void> | undefined {
    return this.#prepared?.canStore === true ? this.#prepared.store() : undefined;
  }

  make(capabilities: Capabilities): WireMessage {
    const { envelope, body } = this.#parts;
    const fairness = capabilities.fairness ? this.#parts.fairness : undefined;
    const prepared = this.#prepared;
    if (prepared === undefined)
      return encodeBody(envelope, body, capabilities, { fairness }, isJson(envelope.contentType));
    const { contentType, carried } = prepared;
    const written = isJson(contentType) && carried === undefined;
    return encodeBody({ ...envelope, contentType, carried }, prepared.body, capabilities, { fairness }, written);
  }

  done(error: MessagingError | undefined, sent: Accepted | undefined): void {
    if (sent !== undefined) return this.#parts.accepted(sent);
    if (error !== undefined) this.#prepared?.abandon(error);
    this.#parts.failed(error);
  }

  get #prepared(): Prepared | undefined {
    return this.#content instanceof Prepared ? this.#content : undefined;
  }
}
