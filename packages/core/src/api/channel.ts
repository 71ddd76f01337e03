import type { StandardSchemaV1 } from "@standard-schema/spec";
import { checkChannel } from "./check-channel.ts";
import type { WireSafe } from "./json-safe.ts";
import type { Join, Refused } from "./refused.ts";
import { type ChannelShape, type Codec, type ForeignMessage, isMade, type Needs } from "./shapes.ts";

/** For each message type: `in` is what `publish` takes and the wire carries, `out` is what handlers get. */
export type MessageTypes = Readonly<Record<string, { readonly in: unknown; readonly out: unknown }>>;

/** A need that the transport must keep. An ordering key implies `ordering`. */
export type Need = "ordering" | "delay" | "fairness" | "replay" | "encryption";

/**
 * What `channel()` returns: a frozen plain object without methods. Its type does not mention a schema library, so the declaration
 * files of a package that exports channels do not either.
 */
export interface Channel<Name extends string = string, M extends MessageTypes = any, N extends Need = any>
  extends ChannelShape {
  readonly name: Name;
  readonly messages: { readonly [K in keyof M]: StandardSchemaV1<M[K]["in"], M[K]["out"]> };
  /**
   * Never set; it exists only for the compiler. The key is a symbol because editors offer every other key for completion. It is a
   * built-in symbol because our own would differ between two copies of this package.
   */
  readonly [Symbol.species]?: { readonly messages: M; readonly needs: N };
}

/** A channel of any name, messages and needs. */
export type AnyChannel = Channel<string, any, any>;

type Types<C extends AnyChannel> = NonNullable<C[typeof Symbol.species]>;
/** The message types of a channel. */
export type TypeOf<C extends AnyChannel> = keyof Types<C>["messages"] & string;
/** The data that `publish` takes for a type. For a union of types it is the union of their data. */
export type InputOf<C extends AnyChannel, K extends TypeOf<C> = TypeOf<C>> = Types<C>["messages"][K]["in"];
/** The data that handlers get for a type. */
export type OutputOf<C extends AnyChannel, K extends TypeOf<C> = TypeOf<C>> = Types<C>["messages"][K]["out"];
export type NeedOf<C extends AnyChannel> = Types<C>["needs"];

type Schemas = Readonly<Record<string, StandardSchemaV1>>;
type In<S> = S extends StandardSchemaV1 ? StandardSchemaV1.InferInput<S> : never;
type SchemaMessage<S extends Schemas> = {
  [K in keyof S & string]: { readonly type: K; readonly data: In<S[K]> };
}[keyof S & string];
/** The fields that are strings in every message. */
type CommonKey<S extends Schemas, U = In<S[keyof S]>> = {
  [K in keyof U & string]-?: U[K] extends string ? K : never;
}[keyof U & string];

/** Means "no ordering key". With `never` as the default, the ordering key's lambda would lose its contextual type. */
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

export interface ChannelOptions<S extends Schemas, O, D, C = Absent> {
  /**
   * One Standard Schema (zod, valibot, arktype, ...) for each message type. The wire carries the schema's input as JSON. Handlers get
   * its output. Make a breaking change as a new type. With a {@link codec}, the input is what the codec encodes.
   */
  readonly messages: {
    readonly [K in keyof S]: K extends "*"
      ? Refused<`"*" means every type; give the type a name`>
      : Absent extends C
        ? WireSafe<K & string, S[K]>
        : unknown;
  } & S;
  /**
   * Messages with the same key are handled one at a time, in the order in which the broker accepted them. The key is the name of a
   * field that is a string in every message, or a function of the message's type and data. `connect()` refuses the channel if its
   * transport cannot keep order.
   */
  readonly orderingKey?: O;
  /** What else publishers and operators need from the transport. Using an option whose need is not declared does not compile. */
  readonly needs?: OnlyNeeds<D> & D & Needs;
  /**
   * The type of a foreign message, one that Switchyard did not publish: a type's name, or a function that chooses one. A message for
   * which the function returns `undefined` is dead-lettered. Default: all foreign messages are dead-lettered.
   */
  readonly foreign?: NoInfer<keyof S & string> | ((raw: ForeignRaw) => string | undefined);
  /**
   * Serialises data in another form than JSON, such as Avro or Protobuf. Schemas still validate what is published and what is read.
   * Default: JSON, and bytes for a `Uint8Array`.
   */
  readonly codec?: C;
}

/** A foreign message before its type is known and before validation. If the body is JSON, `body` is the parsed value. */
export interface ForeignRaw extends ForeignMessage {
  readonly body: any;
}

/**
 * Declares a channel: its name, its messages and what it needs. It has no side effects. Where and how the channel runs is a matter of
 * configuration.
 *
 * @throws MessagingError `bad-channel` if a name, an option or a schema is not allowed.
 */
export function channel<
  const Name extends string,
  S extends Schemas,
  const O extends CommonKey<S> | ((message: SchemaMessage<S>) => string) | Absent,
  const D extends Needs = {},
  C extends Codec | Absent = Absent,
>(
  name: KebabCase<Name>,
  options: ChannelOptions<S, O, D, C>,
): Channel<
  Name,
  { readonly [K in keyof S & string]: { readonly in: In<S[K]>; readonly out: StandardSchemaV1.InferOutput<S[K]> } },
  (Absent extends O ? never : "ordering") | (keyof D & Need)
>;
export function channel(name: string, options: ChannelOptions<Schemas, unknown, Needs>): ChannelShape {
  return checkChannel(name, options);
}

/** True if the value was made by `channel()`, of this copy of the package or another. For tools that look through a module's exports. */
export const isChannel = (value: unknown): value is AnyChannel => isMade("channel", value);
