import type { StandardJSONSchemaV1, StandardSchemaV1 } from "@standard-schema/spec";
import { milliseconds } from "./duration.ts";
import { MessagingError } from "./errors.ts";
import type { Branded, ChannelShape, Needs } from "./shapes.ts";

type Messages = Readonly<Record<string, StandardSchemaV1>>;

/** The run-time part of `channel()`: checks what the types check, for callers without types, and freezes the result. */
export function checkChannel(name: unknown, options: unknown): ChannelShape {
  if (typeof name !== "string" || !isKebabCase(name)) {
    throw invalid(String(name), `the name must be kebab-case (a-z, 0-9 and single dashes), such as "video-uploads"`);
  }
  const given: Readonly<Record<string, unknown>> = isObject(options) ? options : {};
  const unknown = Object.keys(given).filter((key) => !OPTIONS.has(key));
  if (unknown.length > 0) throw invalid(name, `unknown option ${list(unknown)}; allowed: ${list(OPTIONS)}`);
  const messages = checkMessages(name, given["messages"]);
  const orderingKey = checkOrderingKey(name, given["orderingKey"], messages);
  const foreign = checkForeign(name, given["foreign"], messages);
  const codec = checkCodec(name, given["codec"]);
  return Object.freeze({
    "~switchyard": "channel",
    name,
    messages,
    ...(orderingKey === undefined ? {} : { orderingKey }),
    needs: checkNeeds(name, given["needs"]),
    ...(foreign === undefined ? {} : { foreign }),
    ...(codec === undefined ? {} : { codec }),
  } satisfies ChannelShape & Branded<"channel">);
}

const OPTIONS: ReadonlySet<string> = new Set(["messages", "orderingKey", "needs", "foreign", "codec"]);
const NEEDS: ReadonlySet<string> = new Set([
  "delay",
  "fairness",
  "replay",
  "messageBytes",
  "encryption",
] satisfies (keyof Needs)[]);

/** The form of channel names, group names and prefixes. The broker's limit on length applies to the physical name. */
export function isKebabCase(name: string): boolean {
  return /^[a-z0-9]+(-[a-z0-9]+)*$/.test(name);
}

/** Visible ASCII that every broker can carry: at most 200 characters, to fit a routing key, and none of its wildcards `*` and `#`. */
function isTypeName(type: string): boolean {
  return /^[\x21-\x7e]{1,200}$/.test(type) && !/[*#]/.test(type);
}

function checkMessages(name: string, messages: unknown): Messages {
  if (!isObject(messages) || Object.keys(messages).length === 0) {
    throw invalid(name, "messages must hold at least one type and its schema");
  }
  for (const [type, schema] of Object.entries(messages)) {
    if (!isTypeName(type)) {
      throw invalid(
        name,
        `${JSON.stringify(type)} cannot be a message type; use visible ASCII without "*" and "#", at most 200 characters`,
      );
    }
    const standard: unknown =
      typeof schema === "function" || isObject(schema) ? Reflect.get(schema, "~standard") : undefined;
    if (!isObject(standard) || typeof standard["validate"] !== "function") {
      throw invalid(
        name,
        `the schema of ${JSON.stringify(type)} is not a Standard Schema; zod 3.24, valibot 1 and arktype 2 are`,
      );
    }
  }
  return Object.freeze({ ...(messages as Record<string, StandardSchemaV1>) });
}

function checkOrderingKey(name: string, key: unknown, messages: Messages): ChannelShape["orderingKey"] {
  if (key === undefined || typeof key === "function") return key as ChannelShape["orderingKey"];
  if (typeof key !== "string" || key === "") {
    throw invalid(name, "orderingKey must be the name of a field or a function of the message");
  }
  for (const [type, schema] of Object.entries(messages)) {
    const fields = fieldsOf(schema);
    if (fields === undefined || fields.includes(key)) continue;
    throw invalid(name, `orderingKey ${JSON.stringify(key)} is not a field of "${type}", which has ${list(fields)}`);
  }
  return key;
}

/**
 * The fields of a schema's input. Undefined if the schema allows other fields too, or cannot describe itself as JSON Schema (zod and
 * arktype can, valibot cannot).
 */
function fieldsOf(schema: StandardSchemaV1): readonly string[] | undefined {
  const { jsonSchema } = schema["~standard"] as Partial<StandardJSONSchemaV1.Props>;
  try {
    const json = jsonSchema?.input({ target: "draft-2020-12" });
    const open = json === undefined || ["additionalProperties", "patternProperties", "$ref"].some((each) => json[each]);
    return open || !isObject(json["properties"]) ? undefined : Object.keys(json["properties"]);
  } catch {
    return undefined; // This schema has no JSON Schema.
  }
}

function checkForeign(name: string, foreign: unknown, messages: Messages): ChannelShape["foreign"] {
  if (foreign === undefined || typeof foreign === "function") return foreign as ChannelShape["foreign"];
  if (typeof foreign === "string" && Object.hasOwn(messages, foreign)) return foreign;
  const types = list(Object.keys(messages));
  throw invalid(name, `foreign must name one of the channel's messages (${types}) or be a function of the raw message`);
}

/** A media type without parameters [RFC 9110, 8.3.1]. */
const MEDIA_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/;

function checkCodec(name: string, codec: unknown): ChannelShape["codec"] {
  if (codec === undefined) return undefined;
  const { contentType, encode, decode } = isObject(codec) ? codec : {};
  const functions = typeof encode === "function" && typeof decode === "function";
  // Encrypted bodies are told from others by their type.
  if (functions && MEDIA_TYPE.test(String(contentType)) && contentType !== "application/jose")
    return codec as ChannelShape["codec"];
  throw invalid(name, "codec must be { contentType, encode, decode }, with a media type such as application/avro");
}

function checkNeeds(name: string, needs: unknown): Needs {
  if (needs === undefined) return Object.freeze({});
  if (!isObject(needs)) throw invalid(name, `needs must be an object of ${list(NEEDS)}`);
  for (const [need, value] of Object.entries(needs)) {
    if (!NEEDS.has(need)) throw invalid(name, `unknown need ${JSON.stringify(need)}; allowed: ${list(NEEDS)}`);
    if (need === "delay") milliseconds(value as never, `channel "${name}": needs.delay`);
    else if (need === "messageBytes") {
      if (!Number.isInteger(value) || (value as number) <= 0)
        throw invalid(name, "needs.messageBytes must be a whole number of bytes above 0");
    } else if (value !== true) throw invalid(name, `needs.${need} must be true, or be left out`);
  }
  return Object.freeze({ ...needs });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function list(names: Iterable<string>): string {
  return [...names].map((name) => JSON.stringify(name)).join(", ");
}

function invalid(name: string, why: string): MessagingError {
  return new MessagingError("bad-channel", `channel ${JSON.stringify(name)}: ${why}`, {
    kind: "config",
    channel: name,
  });
}
