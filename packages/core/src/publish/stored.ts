/** Messages that are checked now, stored, and published later: what an outbox needs of publishing. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { PublishManyResult } from "../api/publisher.ts";
import type { ChannelShape } from "../api/shapes.ts";
import { isText } from "../base/media-type.ts";
import { asText, BYTES_TYPE, dataOf, JSON_TYPE } from "../wire/codec.ts";
import { SharedFieldsByType } from "../wire/shared-fields.ts";
import { type ChannelPublisherOptions, publisherOptions } from "./channel-publisher.ts";
import {
  checkId,
  checkMessage,
  contentOf,
  encodedBy,
  orderingKey,
  type RawOptions,
  refusalOf,
  resolveOptions,
} from "./checks.ts";
import { ManyResults, OneOfMany, type PublishingChannel } from "./publication.ts";
import { markFailed } from "./send/outgoing-message.ts";

export type { Connected } from "../api/publisher.ts";
export type { ChannelShape } from "../api/shapes.ts";

/** A message that has passed every check that needs no broker. Its content is fixed. */
export interface CheckedMessage {
  readonly type: string;
  /** The ordering key. */
  readonly key: string | undefined;
  /** The body as it was serialised: JSON, the channel's codec, or bytes. Neither compressed nor encrypted. */
  readonly body: string | Uint8Array;
  readonly contentType: string;
  /** The caller's headers, and the trace context that was active. */
  readonly headers: Readonly<Record<string, string>> | undefined;
  /** Epoch milliseconds. */
  readonly expiresAt: number | undefined;
  readonly fairness: string | undefined;
}

/**
 * Checks a message as `publish` does: type, schema, options, ordering key. Does not look at `delay`.
 *
 * @throws MessagingError as `publish` does.
 */
export async function checkForLater(
  shape: ChannelShape,
  service: string,
  id: string,
  type: string,
  data: unknown,
  options: RawOptions | undefined,
  now: number,
): Promise<CheckedMessage> {
  try {
    checkId({ ...options, id });
    const valid = checkMessage(shape, type, data);
    const body = shape.codec === undefined ? contentOf(data) : encodedBy(shape.codec, shape, type, data);
    const resolved = resolveOptions(
      shape,
      service,
      type,
      data,
      now,
      { ...options, delay: undefined },
      undefined,
      undefined,
    );
    // The content is fixed by now, so data that changes while an asynchronous schema looks at it does no harm.
    await valid;
    const { headers, trace } = resolved ?? {};
    return {
      type,
      key: resolved?.key ?? orderingKey(shape, type, data),
      body,
      contentType: shape.codec?.contentType ?? (typeof body === "string" ? JSON_TYPE : BYTES_TYPE),
      headers: headers === undefined && trace === undefined ? undefined : { ...headers, ...trace },
      expiresAt: resolved?.expiresAt,
      fairness: resolved?.fairness,
    };
  } catch (error) {
    throw refusalOf(error, shape.name, id);
  }
}

/** A message to be published as it was stored: {@link CheckedMessage}. */
export interface StoredMessage extends RawOptions {
  readonly id: string;
  readonly type: string;
  readonly key: string | undefined;
  readonly body: string | Uint8Array;
  readonly contentType: string;
}

interface StoredPublishing {
  [publisherOptions](channel: ChannelShape): ChannelPublisherOptions;
}

/** True if `publishStored` takes this: it is what `connect()` of this copy of core returned, and not a wrapper around it. */
export function takesStored(messaging: object): boolean {
  return publisherOptions in messaging;
}

/**
 * Publishes messages that were checked when they were stored. Like `publishMany`, but the body is sent as it is: it is neither read nor
 * validated once more, so that a schema that has changed since does not refuse what was promised to be sent. The pipeline (compression,
 * encryption, claim check) is passed as usual.
 *
 * @throws MessagingError (rejects) `unknown-channel` or `closed`. Each message has its own result otherwise.
 */
export async function publishStored(
  messaging: object,
  channel: ChannelShape,
  messages: readonly StoredMessage[],
  options?: { readonly signal?: AbortSignal },
): Promise<readonly PublishManyResult[]> {
  if (messages.length === 0) return [];
  const made = (messaging as StoredPublishing)[publisherOptions](channel);
  const ways = new Map<string, PublishingChannel>();
  return new Promise((resolve) => {
    const many = new ManyResults(messages.length, resolve);
    messages.forEach((message, index) => {
      const { id, type, key, contentType } = message;
      let way = ways.get(contentType);
      if (way === undefined) ways.set(contentType, (way = storedWay(made, contentType)));
      try {
        made.queue.submit(new OneOfMany(way, id, type, message, message, options?.signal, many, index));
      } catch (error) {
        markFailed(many, key, index);
        many.set(index, { ok: false, id, error: refusalOf(error, channel.name, id) });
      }
    });
  });
}

/** The channel, with stored messages for data. */
function storedWay({ shape, queue, runtime, service, pipeline }: ChannelPublisherOptions, contentType: string) {
  const messages = Object.fromEntries(Object.keys(shape.messages).map((type) => [type, ANYTHING]));
  const codec = { contentType, encode: ({ body }: StoredMessage) => body, decode: (body: unknown) => body };
  const { orderingKey: given, ...rest } = shape;
  const ordered = given === undefined ? {} : { orderingKey: ({ data }: { data: StoredMessage }) => data.key as string };
  const stored: ChannelShape = { ...rest, ...ordered, messages, codec };
  return { shape: stored, queue, runtime, service, pipeline, shared: new SharedFieldsByType(stored, service) };
}

const ANYTHING: StandardSchemaV1 = {
  "~standard": { version: 1, vendor: "switchyard", validate: (value) => ({ value }) },
};

/**
 * The data of a stored body: what `publish` takes.
 *
 * @throws MessagingError `not-json` or `not-decodable`.
 */
export function dataOfStored(
  shape: ChannelShape,
  type: string,
  contentType: string,
  body: string | Uint8Array,
): unknown {
  const given = typeof body !== "string" && isText(contentType) ? asText(body) : body;
  return dataOf({ contentType }, given, type, shape.codec);
}
