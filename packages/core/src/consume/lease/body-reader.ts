/** Reads the bodies of deliveries whose channel has a pipeline: fetches, decrypts and inflates them, within the group's memory. */
import { isMessagingError, MessagingError } from "../../api/errors.ts";
import type { Codec } from "../../api/shapes.ts";
import { isText } from "../../base/media-type.ts";
import { asText, BYTES_TYPE, dataOf, JSON_TYPE } from "../../wire/codec.ts";
import type { DeadInfo, Envelope } from "../../wire/envelope.ts";
import { FOREIGN_SOURCE } from "../../wire/foreign-message.ts";
import { dataFrom, maybeJson, type Opened } from "../../wire/incoming-message.ts";
import { oneLine } from "../../wire/text.ts";
import { toBytes } from "../../content/bytes.ts";
import { contentOf } from "../../content/carried.ts";
import { Attempted, OpenedBytes, Reservation } from "../../content/opened-bytes.ts";
import { Pipeline } from "../../content/pipeline.ts";
import type { Attributes, Content, Reading } from "../../pipeline/content.ts";
import { type Bodies, BodyState, type Unread } from "./bodies.ts";

/** How long a message is tried whose step fails in an unknown way, in milliseconds: as long as an unknown key is waited for. */
const STEP_FAILED_MS = 15 * 60_000;

/** The most characters of a reason that are encrypted. With its envelope and keys it fits into the 4 KiB of C15. */
const MOST_DETAIL = 1_000;

/** Reads the bodies of one group. */
export class BodyReader implements Bodies {
  readonly pipeline: Pipeline;
  readonly #opened: OpenedBytes;
  readonly #channel: string;
  plain = 0;

  constructor(pipeline: Pipeline, maxInFlightBytes: number, channel: string) {
    this.pipeline = pipeline;
    this.#opened = new OpenedBytes(maxInFlightBytes);
    this.#channel = channel;
  }

  /** What the messages of a batch share, by the batch. */
  readonly #batches = new WeakMap<object, Attempted>();

  #attempted(batch: object | undefined): Attempted {
    const known = batch === undefined ? undefined : this.#batches.get(batch);
    const attempted = known ?? new Attempted();
    if (batch !== undefined && known === undefined) this.#batches.set(batch, attempted);
    return attempted;
  }

  read(message: Unread, opened: Opened, type: string, codec: Codec | undefined, together: object | undefined): unknown {
    const state = (message.body ??= new BodyState());
    state.reservation = new Reservation(this.#opened, this.#attempted(together), state.reservation?.need ?? 0);
    state.encrypted = false;
    const before = receivedContent(opened);
    let read: Content | Promise<Content>;
    try {
      const attributes = this.#attributes(message, opened, type);
      read = this.pipeline.read(before, attributes, new HeldReading(message, state, opened));
    } catch (error) {
      throw this.#stepError(error);
    }
    return read instanceof Promise
      ? read.then(
          (content) => this.#data(state, before, content, opened, type, codec),
          (error: unknown) => {
            throw this.#stepError(error);
          },
        )
      : this.#data(state, before, read, opened, type, codec);
  }

  #data(
    state: BodyState,
    before: Content,
    content: Content,
    opened: Opened,
    type: string,
    codec: Codec | undefined,
  ): unknown {
    if (this.pipeline.cipher !== undefined && state.encrypted === false) this.plain++;
    return dataOfRead(before, content, opened, type, codec);
  }

  /** A step that fails in an unknown way says nothing about the message, so it is tried again for a while. */
  #stepError(cause: unknown): MessagingError {
    if (isMessagingError(cause)) return cause;
    const text = `"${this.#channel}": a step of the channel's pipeline failed while it read a message`;
    return new MessagingError("step-failed", text, {
      kind: "retryable",
      channel: this.#channel,
      giveUpAfterMs: STEP_FAILED_MS,
      cause,
    });
  }

  async told(
    opened: Opened,
    original: Envelope,
    { code, reason, errorClass }: Parameters<Bodies["told"]>[2],
  ): Promise<Pick<DeadInfo, "reason" | "detail">> {
    const { cipher } = this.pipeline;
    if (cipher === undefined) return { reason };
    const clear = errorClass === undefined ? code : `${code}: ${errorClass}`;
    try {
      const attributes = attributesOf(this.#channel, opened, original.type, original.time);
      const detail = await cipher.sealText(oneLine(reason, MOST_DETAIL), attributes);
      return { reason: `${clear}; the whole reason is encrypted`, detail };
    } catch {
      // Without its text the dead letter is still worth more than a message that blocks its key.
      return { reason: `${clear}; the whole reason could not be encrypted` };
    }
  }

  #attributes(message: Unread, opened: Opened, type: string): Attributes {
    return attributesOf(this.#channel, opened, type, message.delivery.enqueuedAt ?? 0);
  }
}

/** The data of a message whose content was read: `content` is what the steps made of `before`. */
export function dataOfRead(
  before: Content,
  content: Content,
  opened: Opened,
  type: string,
  codec: Codec | undefined,
): unknown {
  if (content === before) return dataFrom(opened, codec);
  if (isForeign(opened)) {
    const text = asText(content.body);
    return typeof text === "string" ? maybeJson(text) : text;
  }
  return dataOf(content, isText(content.contentType) ? asText(content.body) : toBytes(content.body), type, codec);
}

/** Reads messages that have passed steps although the channel has none here. */
export function readerWithoutSteps(channel: string, maxInFlightBytes: number): Bodies {
  return new BodyReader(new Pipeline({ channel }), maxInFlightBytes, channel);
}

/** The attributes of a received message that are authenticated if it is encrypted. A foreign message has few of them. */
export function attributesOf(channel: string, opened: Opened, type: string, enqueuedAt: number): Attributes {
  const { envelope } = opened;
  if (envelope === undefined)
    return { channel, id: opened.id, source: FOREIGN_SOURCE, type, time: enqueuedAt, hop: 0, headers: {} };
  const { id, source, time, key, expiresAt, hop, headers } = envelope;
  return { channel, id, source, type: envelope.type, time, key, expiresAt, hop, headers };
}

export function receivedContent({ envelope, body, headers }: Opened): Content {
  if (envelope !== undefined) return contentOf(body, envelope.contentType, envelope.carried);
  return { body, contentType: headers["content-type"] ?? (typeof body === "string" ? JSON_TYPE : BYTES_TYPE) };
}

/** True for another producer's message and for our copies of it, which have its headers as theirs. */
export const isForeign = ({ foreign, envelope }: Opened): boolean => foreign || envelope?.source === FOREIGN_SOURCE;

const NO_NATIVE: Readonly<Record<string, string>> = Object.freeze({});

class HeldReading implements Reading {
  readonly foreign: boolean;
  readonly native: Readonly<Record<string, string>>;
  readonly #message: Unread;
  readonly #state: BodyState;

  constructor(message: Unread, state: BodyState, opened: Opened) {
    this.#message = message;
    this.#state = state;
    this.foreign = isForeign(opened);
    this.native = this.foreign ? opened.headers : NO_NATIVE;
  }

  get signal(): AbortSignal {
    return this.#message.signal;
  }

  reserve(bytes: number): void | Promise<void> {
    return this.#state.reservation?.reserve(bytes);
  }

  encrypted(): void {
    this.#state.encrypted = true;
  }
}
