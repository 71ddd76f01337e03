/** Messages that are checked now, stored, and published later: what an outbox needs of publishing. */
import type { ChannelShape } from "../api/shapes.ts";
import { isText } from "../base/media-type.ts";
import { asText, BYTES_TYPE, dataOf, JSON_TYPE } from "../wire/codec.ts";
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
    const body =
      shape.codec === undefined
        ? (contentOf(data, false) as string | Uint8Array)
        : encodedBy(shape.codec, shape, type, data);
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
