import type { StandardSchemaV1 } from "@standard-schema/spec";
import { milliseconds } from "./duration.ts";
import { MessagingError } from "./errors.ts";
import type { WireSafe } from "./json-safe.ts";
import type { Join, Refused } from "./refused.ts";
import type { ChannelShape, ForeignMessage, Needs } from "./shapes.ts";

/** By message type: what `publish` takes and the wire carries, and what handlers get. */
export type MessageTypes = Readonly<Record<string, { readonly in: unknown; readonly out: unknown }>>;

/** A need configuration must keep; `ordering` is implied by an ordering key. */
export type Need = "ordering" | "delay" | "fairness" | "replay";

/**
 * What `channel()` returns: a frozen plain value without behaviour. Its type names no schema library, so that declaration
 * files of contract packages do not either.
 */
export interface Channel<Name extends string = string, M extends MessageTypes = any, N extends Need = any>
  extends ChannelShape {
  readonly name: Name;
  readonly messages: { readonly [K in keyof M]: StandardSchemaV1<M[K]["in"], M[K]["out"]> };
  /** Never set: for the compiler. */
  readonly "~types"?: { readonly messages: M; readonly needs: N };
}

export type AnyChannel = Channel<string, any, any>;

type Types<C extends AnyChannel> = NonNullable<C["~types"]>;
/** The names of a channel's message types. */
export type TypeOf<C extends AnyChannel> = keyof Types<C>["messages"] & string;
/** What `publish` takes for a type. */
export type InputOf<C extends AnyChannel, K extends TypeOf<C> = TypeOf<C>> = Types<C>["messages"][K]["in"];
/** What handlers get for a type. */
export type OutputOf<C extends AnyChannel, K extends TypeOf<C> = TypeOf<C>> = Types<C>["messages"][K]["out"];
export type NeedOf<C extends AnyChannel> = Types<C>["needs"];

type Schemas = Readonly<Record<string, StandardSchemaV1>>;
type In<S> = S extends StandardSchemaV1 ? StandardSchemaV1.InferInput<S> : never;
type SchemaMessage<S extends Schemas> = {
  [K in keyof S & string]: { readonly type: K; readonly data: In<S[K]> };
}[keyof S & string];
/** The fields that are a string in every message. */
type CommonKey<S extends Schemas, U = In<S[keyof S]>> = {
  [K in keyof U & string]-?: U[K] extends string ? K : never;
}[keyof U & string];

/** Stands for "not given". A `never` default instead would take the contextual type from the ordering key's lambda. */
interface Absent {
  readonly "~absent": true;
}

type KebabCase<Name extends string> =
  Name extends Lowercase<Name>
    ? Name extends "" | `${string}${"_" | " " | "." | "/" | ":" | "--"}${string}` | `-${string}` | `${string}-`
      ? Refused<`"${Name}" is not kebab-case; write a name like "video-uploads"`>
      : unknown
    : Refused<`"${Name}" is not kebab-case; write a name like "video-uploads"`>;

type OnlyNeeds<D> = {
  readonly [K in Exclude<
    keyof D,
    keyof Needs
  >]: Refused<`"${K & string}" is not a need; needs are ${Join<keyof Needs>}`>;
};

export interface ChannelOptions<S extends Schemas, O, D> {
  /**
   * One Standard Schema (zod, valibot, arktype, ...) per message type. The wire carries the schema's input as JSON; handlers
   * get its output. A breaking change is a new type.
   */
  readonly messages: S & {
    readonly [K in keyof S]: K extends "*"
      ? Refused<`"*" means every type; give the type a name`>
      : WireSafe<K & string, S[K]>;
  };
  /**
   * Messages with the same key are handled one at a time, in the order they were accepted: a field that is a string in
   * every message, or a function of type and input. Refused at start where the transport cannot keep it.
   */
  readonly orderingKey?: O;
  /** What else publishers or operators will ask of the transport; an option whose need is not declared does not compile. */
  readonly needs?: D & OnlyNeeds<D>;
  /**
   * The type of a message from a producer that has never heard of us: a name, or a function of the raw message whose
   * `undefined` dead-letters it. Absent: such messages are dead-lettered.
   */
  readonly foreign?: NoInfer<keyof S & string> | ((raw: ForeignRaw) => string | undefined);
}

/** A foreign message, before its type is known and before validation: `body` is the parsed JSON where it is JSON. */
export interface ForeignRaw extends ForeignMessage {
  readonly body: any;
}

/**
 * Declares a channel: its name, its messages and what it needs. No side effects; where and how it runs is configuration.
 *
 * @throws MessagingError `bad-channel` when a name, an option or a schema is not what the types ask for.
 */
export function channel<
  const Name extends string,
  S extends Schemas,
  const O extends CommonKey<S> | ((message: SchemaMessage<S>) => string) | Absent,
  const D extends Needs = {},
>(
  name: Name & KebabCase<Name>,
  options: ChannelOptions<S, O, D>,
): Channel<
  Name,
  { readonly [K in keyof S & string]: { readonly in: In<S[K]>; readonly out: StandardSchemaV1.InferOutput<S[K]> } },
  (Absent extends O ? never : "ordering") | (keyof D & Need)
>;
export function channel(name: string, options: ChannelOptions<Schemas, unknown, Needs>): ChannelShape {
  if (typeof name !== "string" || !isKebabCase(name)) {
    throw bad(String(name), `the name must be kebab-case (a-z, 0-9 and single dashes), such as "video-uploads"`);
  }
  const given: Readonly<Record<string, unknown>> = isObject(options) ? (options as never) : {};
  const unknown = Object.keys(given).filter((key) => !OPTIONS.has(key));
  if (unknown.length > 0) throw bad(name, `unknown option ${list(unknown)}; there are ${list(OPTIONS)}`);
  const messages = checkMessages(name, given["messages"]);
  const orderingKey = given["orderingKey"];
  if (
    orderingKey !== undefined &&
    typeof orderingKey !== "function" &&
    (typeof orderingKey !== "string" || orderingKey === "")
  ) {
    throw bad(name, "orderingKey must be the name of a field or a function of the message");
  }
  const foreign = given["foreign"];
  if (
    foreign !== undefined &&
    typeof foreign !== "function" &&
    !(typeof foreign === "string" && Object.hasOwn(messages, foreign))
  ) {
    throw bad(
      name,
      `foreign must name one of the channel's messages (${list(Object.keys(messages))}) or be a function of the raw message`,
    );
  }
  return Object.freeze({
    "~switchyard": "channel",
    name,
    messages,
    ...(orderingKey === undefined ? {} : { orderingKey: orderingKey as NonNullable<ChannelShape["orderingKey"]> }),
    needs: checkNeeds(name, given["needs"]),
    ...(foreign === undefined ? {} : { foreign: foreign as NonNullable<ChannelShape["foreign"]> }),
  } satisfies ChannelShape);
}

const OPTIONS: ReadonlySet<string> = new Set(["messages", "orderingKey", "needs", "foreign"]);
const NEEDS: ReadonlySet<string> = new Set(["delay", "fairness", "replay", "messageBytes"] satisfies (keyof Needs)[]);

/** What channels, groups and prefixes are called. How long a name may be is the broker's to say, of the physical name. */
export function isKebabCase(name: string): boolean {
  return /^[a-z0-9]+(-[a-z0-9]+)*$/.test(name);
}

/** Every broker can carry it in clear: visible ASCII, short enough for a routing key, and no pattern character of one. */
function isTypeName(type: string): boolean {
  return /^[\x21-\x7e]{1,200}$/.test(type) && !/[*#]/.test(type);
}

function checkMessages(name: string, messages: unknown): Readonly<Record<string, StandardSchemaV1>> {
  if (!isObject(messages) || Object.keys(messages).length === 0) {
    throw bad(name, "messages must hold at least one type and its schema");
  }
  for (const [type, schema] of Object.entries(messages)) {
    if (!isTypeName(type)) {
      throw bad(
        name,
        `${JSON.stringify(type)} cannot be a message type; use visible ASCII without "*" and "#", at most 200 characters`,
      );
    }
    const standard: unknown =
      typeof schema === "function" || isObject(schema) ? Reflect.get(schema, "~standard") : undefined;
    if (!isObject(standard) || typeof standard["validate"] !== "function") {
      throw bad(
        name,
        `the schema of ${JSON.stringify(type)} is not a Standard Schema; zod 3.24, valibot 1 and arktype 2 are`,
      );
    }
  }
  return Object.freeze({ ...(messages as Record<string, StandardSchemaV1>) });
}

function checkNeeds(name: string, needs: unknown): Needs {
  if (needs === undefined) return Object.freeze({});
  if (!isObject(needs)) throw bad(name, `needs must be an object of ${list(NEEDS)}`);
  for (const [need, value] of Object.entries(needs)) {
    if (!NEEDS.has(need)) throw bad(name, `${JSON.stringify(need)} is not a need; there are ${list(NEEDS)}`);
    if (need === "delay") milliseconds(value as never, `channel "${name}": needs.delay`);
    else if (need === "messageBytes") {
      if (!Number.isInteger(value) || (value as number) <= 0)
        throw bad(name, "needs.messageBytes must be a whole number of bytes above 0");
    } else if (value !== true) throw bad(name, `needs.${need} must be true, or be left out`);
  }
  return Object.freeze({ ...needs });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function list(names: Iterable<string>): string {
  return [...names].map((name) => JSON.stringify(name)).join(", ");
}

function bad(name: string, why: string): MessagingError {
  return new MessagingError("bad-channel", `channel ${JSON.stringify(name)}: ${why}`, {
    kind: "config",
    channel: name,
  });
}
