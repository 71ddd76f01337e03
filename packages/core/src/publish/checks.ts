import type { Capabilities } from "../driver/index.ts";
import { formatDuration, milliseconds, parseDuration } from "../api/duration.ts";
import { copyWithoutText, isMessagingError, MessagingError } from "../api/errors.ts";
import { type Validated, validate } from "../api/schema.ts";
import type { ChannelShape, Codec } from "../api/shapes.ts";
import type { MessageTrace } from "../api/telemetry.ts";
import { isText } from "../base/media-type.ts";
import { checkHeaders, checkName, isBytes, jsonText, oneLine } from "../wire/text.ts";
import { outgoingTrace } from "../wire/trace.ts";
import type { ResolvedOptions } from "../wire/resolved-options.ts";

/** {@link PublishOptions} before they are checked. */
export interface RawOptions {
  readonly id?: unknown;
  readonly headers?: unknown;
  readonly delay?: unknown;
  readonly expires?: unknown;
  readonly fairnessKey?: unknown;
}

/** The latest time a Date can hold, in epoch milliseconds [ECMAScript, Time Values and Time Range]. */
const LAST_TIME = 8_640_000_000_000_000;

/** Copies bytes and serializes other data, so that changing it after `publish()` has returned has no effect. */
export function contentOf(data: unknown): string | Uint8Array {
  return isBytes(data) ? new Uint8Array(data) : jsonText(data);
}

/** Serialises the data with the channel's codec. Throws `not-encodable`. */
export function encodedBy(codec: Codec, shape: ChannelShape, type: string, data: unknown): string | Uint8Array {
  let body: unknown;
  try {
    body = codec.encode(data, type);
  } catch (cause) {
    throw refuse(shape, "not-encodable", `its codec cannot encode this "${type}"`, cause);
  }
  if (isBytes(body)) return new Uint8Array(body);
  if (typeof body === "string" && body.isWellFormed() && isText(codec.contentType)) return body;
  throw refuse(shape, "not-encodable", "its codec must return a Uint8Array, or well-formed text for a text type");
}

/**
 * Returns undefined for a message without key, trace or options. `valid` is the result of {@link checkMessage}, `traced` the trace
 * context that telemetry has made for the message.
 */
export function resolveOptions(
  shape: ChannelShape,
  source: string,
  type: string,
  data: unknown,
  now: number,
  options: RawOptions | undefined,
  valid: Promise<void> | undefined,
  signal: AbortSignal | undefined,
  traced?: MessageTrace,
): ResolvedOptions | undefined {
  const key = orderingKey(shape, type, data);
  const given = options?.headers === undefined ? undefined : checkHeaders(options.headers);
  const trace = traced ?? outgoingTrace(given);
  if (options === undefined && key === undefined && trace === undefined && valid === undefined && signal === undefined)
    return undefined;
  return {
    key,
    headers: given === undefined || trace === undefined ? given : withoutTrace(given),
    trace,
    expiresAt: options?.expires === undefined ? undefined : expiry(options.expires, now),
    dedup: typeof options?.id === "string" ? `${options.id}:0:${source}` : undefined,
    fairness: options?.fairnessKey === undefined ? undefined : fairnessOf(shape, options.fairnessKey),
    delayMs: options?.delay === undefined ? undefined : delayOf(shape, options.delay),
    valid,
    signal,
  };
}

function withoutTrace(headers: Record<string, string>): Record<string, string> {
  const { traceparent: _, tracestate: __, ...rest } = headers;
  return rest;
}

function refuse(shape: ChannelShape, code: string, message: string, cause?: unknown): MessagingError {
  return new MessagingError(code, `"${shape.name}": ${message}`, {
    kind: "permanent",
    channel: shape.name,
    cause: copyWithoutText(cause),
  });
}

/** Throws `unknown-type` or `invalid-message`. With an asynchronous schema the returned promise rejects with `invalid-message`. */
export function checkMessage(shape: ChannelShape, type: string, data: unknown): Promise<void> | undefined {
  const schema = Object.hasOwn(shape.messages, type) ? shape.messages[type] : undefined;
  if (schema === undefined) {
    const known = Object.keys(shape.messages).map((name) => `"${name}"`);
    throw refuse(shape, "unknown-type", `no message type ${JSON.stringify(type)}; its types are ${known.join(", ")}`);
  }
  let result: Validated | Promise<Validated>;
  try {
    result = validate(schema, data);
  } catch (cause) {
    throw refuse(shape, "invalid-message", `the schema of "${type}" threw instead of validating`, cause);
  }
  if (!("then" in result)) {
    if (result.problems !== undefined) throw invalid(shape, type, result.problems);
    return undefined;
  }
  return result.then(
    ({ problems }) => {
      if (problems !== undefined) throw invalid(shape, type, problems);
    },
    (cause) => {
      throw refuse(shape, "invalid-message", `the schema of "${type}" threw instead of validating`, cause);
    },
  );
}

function invalid(shape: ChannelShape, type: string, problems: NonNullable<Validated["problems"]>): MessagingError {
  const text = problems.map(({ path, message }) => oneLine(path === "" ? message : `${path}: ${message}`)).join("; ");
  return new MessagingError("invalid-message", `"${shape.name}": "${type}" does not fit its schema: ${text}`, {
    kind: "permanent",
    channel: shape.name,
    problems,
  });
}

/** Returns the ordering key of a message, or undefined if the channel has none. Throws `bad-ordering-key`. */
export function orderingKey(shape: ChannelShape, type: string, data: unknown): string | undefined {
  const given = shape.orderingKey;
  if (given === undefined) return undefined;
  let key: unknown;
  try {
    key = typeof given === "string" ? (data as Record<string, unknown>)[given] : given({ type, data });
  } catch (cause) {
    throw refuse(shape, "bad-ordering-key", `no ordering key can be read from this "${type}"`, cause);
  }
  const where = typeof given === "string" ? `ordering key "${given}"` : "ordering key";
  if (typeof key === "string" && key !== "" && key.isWellFormed()) return key;
  throw refuse(shape, "bad-ordering-key", `${where} must be well-formed text that is not empty, in every message`);
}

function expiry(value: unknown, now: number): number {
  const at = value instanceof Date ? value.getTime() : now + milliseconds(value as number, "expires");
  if (at >= 0 && at <= LAST_TIME) return at;
  throw new MessagingError("bad-expiry", "expires must be a valid Date, or a duration such as 1h", {
    kind: "permanent",
  });
}

function fairnessOf(shape: ChannelShape, value: unknown): string {
  if (shape.needs.fairness === true) return checkName(value, "fairnessKey");
  throw refuse(shape, "fairness-unsupported", "fairnessKey is not declared; add needs: { fairness: true }");
}

function delayOf(shape: ChannelShape, value: unknown): number {
  const ms = milliseconds(value as number, "delay");
  const declared = shape.needs.delay === undefined ? 0 : (parseDuration(shape.needs.delay) ?? 0);
  if (ms <= declared) return ms;
  const write = formatDuration(ms);
  throw refuse(
    shape,
    "delay-unsupported",
    `a delay of ${write} is more than it declares; add needs: { delay: "${write}" }`,
  );
}

/** Checks the options against what the adapter declared. Once is enough, since a sender that offers less is refused when it opens. */
export function checkCapabilities(shape: ChannelShape, options: ResolvedOptions, capabilities: Capabilities): void {
  const { delayMs = 0, fairness } = options;
  if (delayMs > capabilities.delayedPublishMs) {
    const most =
      capabilities.delayedPublishMs === 0 ? "none" : `at most ${formatDuration(capabilities.delayedPublishMs)}`;
    throw refuse(
      shape,
      "delay-unsupported",
      `a delay of ${formatDuration(delayMs)} is more than this transport keeps (${most})`,
    );
  }
  if (fairness !== undefined && !capabilities.fairness) {
    throw refuse(shape, "fairness-unsupported", "this transport has no fair sharing; leave fairnessKey out");
  }
}

/** @throws MessagingError `bad-text` if the given id is not text that every broker carries. */
export function checkId(options: RawOptions | undefined): void {
  if (options?.id !== undefined) checkName(options.id, "id");
}

/** Turns anything thrown into a {@link MessagingError} that names the channel and the message. */
export function refusalOf(error: unknown, channel: string, id: string): MessagingError {
  const code = isMessagingError(error) ? error.code : "publish-failed";
  const text = isMessagingError(error) ? error.message : "the message cannot be read; see the cause";
  return new MessagingError(code, text, {
    kind: isMessagingError(error) ? error.kind : "permanent",
    channel,
    id,
    cause: isMessagingError(error) ? error.cause : copyWithoutText(error),
    problems: isMessagingError(error) ? error.problems : undefined,
  });
}
