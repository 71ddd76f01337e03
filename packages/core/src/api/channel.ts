import type { StandardSchemaV1 } from "@standard-schema/spec";
import { checkChannel } from "./check-channel.ts";
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
  /**
   * Never set: for the compiler. A symbol, because editors offer every other key for completion; one of the language's own,
   * because a symbol of ours would differ between two copies of this package.
   */
  readonly [Symbol.species]?: { readonly messages: M; readonly needs: N };
}

export type AnyChannel = Channel<string, any, any>;

type Types<C extends AnyChannel> = NonNullable<C[typeof Symbol.species]>;
/** The names of a channel's message types. */
export type TypeOf<C extends AnyChannel> = keyof Types<C>["messages"] & string;
/** What `publish` takes for a type; for several types, what it takes for one of them. */
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
  readonly [absent]: true;
}
declare const absent: unique symbol;

type KebabCase<Name extends string> =
  Name extends Lowercase<Name>
    ? Name extends "" | `${string}${"_" | " " | "." | "/" | ":" | "--"}${string}` | `-${string}` | `${string}-`
      ? Refused<`"${Name}" is not kebab-case; write a name like "video-uploads"`>
      : Name
    : Refused<`"${Name}" is not kebab-case; write a name like "video-uploads"`>;

type OnlyNeeds<D> = {
  readonly [K in Exclude<keyof D, keyof Needs>]: Refused<`unknown need "${K & string}"; allowed: ${Join<keyof Needs>}`>;
};

export interface ChannelOptions<S extends Schemas, O, D> {
  /**
   * One Standard Schema (zod, valibot, arktype, ...) per message type. The wire carries the schema's input as JSON; handlers
   * get its output. A breaking change is a new type.
   */
  readonly messages: {
    readonly [K in keyof S]: K extends "*"
      ? Refused<`"*" means every type; give the type a name`>
      : WireSafe<K & string, S[K]>;
  } & S;
  /**
   * Messages with the same key are handled one at a time, in the order they were accepted: a field that is a string in
   * every message, or a function of type and input. Refused at start where the transport cannot keep it.
   */
  readonly orderingKey?: O;
  /** What else publishers or operators will ask of the transport; an option whose need is not declared does not compile. */
  readonly needs?: OnlyNeeds<D> & D & Needs;
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
  name: KebabCase<Name>,
  options: ChannelOptions<S, O, D>,
): Channel<
  Name,
  { readonly [K in keyof S & string]: { readonly in: In<S[K]>; readonly out: StandardSchemaV1.InferOutput<S[K]> } },
  (Absent extends O ? never : "ordering") | (keyof D & Need)
>;
export function channel(name: string, options: ChannelOptions<Schemas, unknown, Needs>): ChannelShape {
  return checkChannel(name, options);
}
