import type { Capabilities } from "../driver/index.ts";
import { formatDuration, milliseconds, parseDuration } from "../api/duration.ts";
import { isMessagingError, MessagingError } from "../api/errors.ts";
import { copyJson, type JsonCopy } from "../base/json-copy.ts";
import { type Validated, validate } from "../api/schema.ts";
import type { ChannelShape } from "../api/shapes.ts";
import { checkHeaders, checkName, isBytes, jsonText, oneLine } from "../wire/text.ts";
import { outgoingTrace } from "../wire/trace.ts";
import type { ResolvedOptions } from "../wire/resolved-options.ts";

/** {@link PublishOptions} as the run time sees them. */
export interface RawOptions {
  readonly id?: unknown;
  readonly headers?: unknown;
  readonly delay?: unknown;
  readonly expires?: unknown;
  readonly fairnessKey?: unknown;
}

/** Text or bytes; or, for a broker in this process, the data. */
export type Content = string | Uint8Array | JsonCopy;

/** The last instant a Date can hold. */
const LAST_TIME = 8_640_000_000_000_000;

/** What is sent is fixed here: data changed after `publish()` returned changes nothing. */
export function contentOf(data: unknown, local: boolean): Content {
  if (isBytes(data)) return new Uint8Array(data);
  return (local ? copyJson(data) : undefined) ?? jsonText(data);
}

/** Undefined for an ordinary message. `valid` is {@link checkMessage}'s. */
export function resolveOptions(
  shape: ChannelShape,
  source: string,
  type: string,
  data: unknown,
  now: number,
  options: RawOptions | undefined,
  valid: Promise<void> | undefined,
  signal: AbortSignal | undefined,
): ResolvedOptions | undefined {
  const key = orderingKey(shape, type, data);
  const given = options?.headers === undefined ? undefined : checkHeaders(options.headers);
  const trace = outgoingTrace(given);
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
  return new MessagingError(code, `"${shape.name}": ${message}`, { kind: "permanent", channel: shape.name, cause });
}

/** Throws `unknown-type` or `invalid-message`; where the schema is asynchronous, the promise does. */
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

/** Against what the adapter declared. A sender that keeps less is refused when it opens, so this is the only look. */
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
    throw refuse(shape, "fairness-unsupported", "this transport does not share fairly; leave fairnessKey out");
  }
}

/** @throws MessagingError `bad-text` where the id asked for is not text that a broker carries. */
export function checkId(options: RawOptions | undefined): void {
  if (options?.id !== undefined) checkName(options.id, "id");
}

/** With the channel and the id in it, whatever was thrown. */
export function refusalOf(error: unknown, channel: string, id: string): MessagingError {
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
