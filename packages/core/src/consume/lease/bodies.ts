/** Reads the body of a delivery whose channel has a pipeline: fetches, decrypts and inflates it, within the group's memory. */
import { asText, dataOf, JSON_TYPE, BYTES_TYPE } from "../../wire/codec.ts";
import { isText } from "../../base/media-type.ts";
import { dataFrom, maybeJson, type Opened } from "../../wire/incoming-message.ts";
import type { Attributes, Content, Reading } from "../../pipeline/content.ts";
import { toBytes } from "../../content/bytes.ts";
import { Attempted, type OpenedBytes, Reservation } from "../../content/opened-bytes.ts";
import { contentOf, JOSE_TYPE } from "../../content/carried.ts";
import type { Pipeline } from "../../content/pipeline.ts";
import type { Codec } from "../../api/shapes.ts";
import { FOREIGN_SOURCE } from "../../wire/foreign-message.ts";

/** A held message, as the reader of its body sees it. */
export interface Unread {
  readonly delivery: { readonly enqueuedAt?: number };
  /** Aborts when the hold is lost. */
  readonly signal: AbortSignal;
  body: BodyState | undefined;
}

/** True if a message has passed steps, whatever the configuration of the channel that receives it. */
export function isProcessed({ envelope }: Opened): boolean {
  return envelope !== undefined && (envelope.carried !== undefined || envelope.contentType === JOSE_TYPE);
}

/** What a held message knows of the reading of its body. */
export class BodyState {
  /** True if the body was encrypted. Undefined until it is read. */
  encrypted: boolean | undefined = undefined;
  /** Since when the body cannot be read (monotonic), and how often that was tried. */
  since = 0;
  tries = 0;
  /** True if the reason is the message's own, so that it may make room for others. */
  own = false;
  reservation: Reservation | undefined = undefined;

  /** Call this at the end of an attempt. */
  free(): void {
    this.reservation?.free();
  }
}

/** Reads the bodies of one group. */
export class BodyReader {
  readonly pipeline: Pipeline;
  readonly #opened: OpenedBytes;
  readonly #channel: string;
  /** How many messages arrived unencrypted although the channel encrypts. */
  plain = 0;

  constructor(pipeline: Pipeline, opened: OpenedBytes, channel: string) {
    this.pipeline = pipeline;
    this.#opened = opened;
    this.#channel = channel;
  }

  /** The data of a message, not validated. Throws or rejects with a step's error. `together`: shared by the messages of a batch. */
  read(
    message: Unread,
    opened: Opened,
    type: string,
    codec: Codec | undefined,
    together: Attempted | undefined,
  ): unknown {
    const state = (message.body ??= new BodyState());
    state.reservation = new Reservation(this.#opened, together ?? new Attempted(), state.reservation?.need ?? 0);
    state.encrypted = false;
    const before = receivedContent(opened);
    const read = this.pipeline.read(
      before,
      this.#attributes(message, opened, type),
      new HeldReading(message, state, opened),
    );
    return read instanceof Promise
      ? read.then((content) => this.#data(state, before, content, opened, type, codec))
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
    if (content === before) return dataFrom(opened, codec);
    if (isForeign(opened)) {
      const text = asText(content.body);
      return typeof text === "string" ? maybeJson(text) : text;
    }
    return dataOf(content, isText(content.contentType) ? asText(content.body) : toBytes(content.body), type, codec);
  }

  #attributes(message: Unread, opened: Opened, type: string): Attributes {
    return attributesOf(this.#channel, opened, type, message.delivery.enqueuedAt ?? 0);
  }
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
const isForeign = ({ foreign, envelope }: Opened): boolean => foreign || envelope?.source === FOREIGN_SOURCE;

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
