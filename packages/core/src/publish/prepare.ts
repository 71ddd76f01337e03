import type { Capabilities } from "../driver.ts";
import { formatDuration, milliseconds, parseDuration } from "../duration.ts";
import { BYTES_TYPE, type Envelope, JSON_TYPE } from "../envelope.ts";
import { NO_HEADERS } from "../envelope-attributes.ts";
import { isMessagingError, MessagingError } from "../errors.ts";
import { copyJson, Tally } from "../json-copy.ts";
import { LocalMessage } from "../local-message.ts";
import { type Validated, validate } from "../schema.ts";
import type { ChannelShape } from "../shapes.ts";
import { checkHeaders, checkName, isBytes, jsonText } from "../text.ts";
import { outgoingTrace } from "../trace.ts";

/** {@link PublishOptions} as the run time sees them. */
export interface RawOptions {
  readonly id?: unknown;
  readonly headers?: unknown;
  readonly delay?: unknown;
  readonly expires?: unknown;
  readonly fairnessKey?: unknown;
}

export interface Prepared {
  readonly envelope: Envelope;
  /** Text or bytes; or, for a broker in this process, the message itself. */
  readonly content: string | Uint8Array | LocalMessage;
  readonly special: Special | undefined;
}

/** What few messages have. */
export interface Special {
  readonly fairness: string | undefined;
  readonly delayMs: number | undefined;
  /** Rejects where an asynchronous schema refuses the data. */
  readonly valid: Promise<void> | undefined;
}

/** The last instant a Date can hold. */
const LAST_TIME = 8_640_000_000_000_000;

/** All checks that need no broker. What is sent is fixed here: data changed after `publish()` returned changes nothing. */
export function prepare(
  shape: ChannelShape,
  source: string,
  now: number,
  id: string,
  type: string,
  data: unknown,
  options: RawOptions | undefined,
  local: boolean,
): Prepared {
  const valid = check(shape, type, data);
  const bytes = isBytes(data);
  const tally = local && options === undefined && !bytes ? new Tally() : undefined;
  const copy = tally === undefined ? undefined : copyJson(data, tally);
  const body = bytes ? new Uint8Array(data) : copy === undefined ? jsonText(data) : "";
  const envelope: { -readonly [K in keyof Envelope]: Envelope[K] } = {
    id,
    source,
    type,
    time: now,
    hop: 0,
    contentType: bytes ? BYTES_TYPE : JSON_TYPE,
    headers: NO_HEADERS,
  };
  const key = orderingKey(shape, type, data);
  if (key !== undefined) envelope.key = key;
  let headers: Record<string, string> | undefined;
  if (options?.headers !== undefined) {
    headers = checkHeaders(options.headers);
    envelope.headers = headers;
  }
  const trace = outgoingTrace(headers);
  if (trace !== undefined) {
    envelope.traceparent = trace.traceparent;
    if (trace.tracestate !== undefined) envelope.tracestate = trace.tracestate;
    if (headers !== undefined) envelope.headers = withoutTrace(headers);
  }
  if (options?.expires !== undefined) envelope.expiresAt = expiry(options.expires, now);
  const fairness = options?.fairnessKey === undefined ? undefined : fairnessOf(shape, options.fairnessKey);
  const delayMs = options?.delay === undefined ? undefined : delayOf(shape, options.delay);
  const content = copy === undefined ? body : new LocalMessage(envelope, copy.value, tally as Tally);
  const ordinary = fairness === undefined && delayMs === undefined && valid === undefined;
  return { envelope, content, special: ordinary ? undefined : { fairness, delayMs, valid } };
}

function withoutTrace(headers: Record<string, string>): Record<string, string> {
  const { traceparent: _, tracestate: __, ...rest } = headers;
  return rest;
}

function refuse(shape: ChannelShape, code: string, message: string, cause?: unknown): MessagingError {
  return new MessagingError(code, `"${shape.name}": ${message}`, { kind: "permanent", channel: shape.name, cause });
}

function check(shape: ChannelShape, type: string, data: unknown): Promise<void> | undefined {
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
  const text = problems.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`)).join("; ");
  return new MessagingError("invalid-message", `"${shape.name}": "${type}" is not what its schema says: ${text}`, {
    kind: "permanent",
    channel: shape.name,
    problems,
  });
}

/** The key of a message, or undefined where the channel has none; throws `bad-ordering-key`. */
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

/** What only the destination's own capabilities can tell. */
export function checkCapabilities(shape: ChannelShape, special: Special, capabilities: Capabilities): void {
  const { delayMs = 0, fairness } = special;
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
    throw refuse(shape, "fairness-unsupported", "this transport does not share fairly; leave fairnessKey out");
  }
}

/** The id asked for, checked, or undefined. */
export function givenId(options: RawOptions | undefined): string | undefined {
  return options?.id === undefined ? undefined : checkName(options.id, "id");
}

/** With the channel and the id in it, whatever was thrown. */
export function prepareFailed(error: unknown, channel: string, id: string): MessagingError {
  const code = isMessagingError(error) ? error.code : "publish-failed";
  const text = error instanceof Error ? error.message : String(error);
  return new MessagingError(code, text, {
    kind: isMessagingError(error) ? error.kind : "permanent",
    channel,
    id,
    cause: isMessagingError(error) ? error.cause : error,
    problems: isMessagingError(error) ? error.problems : undefined,
  });
}
