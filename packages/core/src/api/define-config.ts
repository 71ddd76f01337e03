import type { AnyChannel, NeedOf } from "./channel.ts";
import type {
  ChannelInput,
  ConfigInput,
  ConnectionBasics,
  ConnectionInput,
  ConnectionOverlay,
  OverlayInput,
} from "./config-input.ts";
import type { Adapter, Model } from "../driver/index.ts";
import type { Allow, Join, Refused } from "./refused.ts";

/**
 * A typed configuration for `switchyard.config.ts`, or for `connect({ config })`.
 *
 * If connections are made by adapter factories (`sqs({ region })`), the compiler checks the base and every profile: each channel's
 * model must exist on its connection and keep what the channel needs. A connection written as `{ use: "aws" }` and environment
 * variables are checked only by `connect()`. The function returns its argument unchanged.
 */
export function defineConfig<const Channels extends readonly AnyChannel[], const C extends TypedInput>(
  channels: Channels,
  config: Checked<Channels, C>,
): ConfigInput {
  void channels;
  return config as ConfigInput;
}

/** `ConfigInput`, but a connection may also be of an interface type, which has no index signature. */
type TypedInput = ConfigInput<ConnectionInput | ConnectionBasics, ConnectionOverlay | object>;

/**
 * The compiler infers `C` from the second branch and compares the configuration with the first. The first uses `TypedInput` instead of
 * `C` because editors take a key's doc comment from there, and `C` has none.
 */
type Checked<Channels extends readonly AnyChannel[], C> = [C] extends [TypedInput]
  ? CheckConfig<Channels, C> & TypedInput
  : C;

type Get<T, Key, Else> = Key extends keyof T ? Exclude<T[Key], undefined> : Else;
type List<Names> = Join<`"${Names & string}"`>;

/** Places the error where the mistake is: at a key, at a channel of the base, or at a channel of a profile. */
type CheckConfig<Channels extends readonly AnyChannel[], C> = Allow<
  FirstOf<
    [Unknown<C, keyof ConfigInput>, AtChannels<Channels, C, [C]>, AtProfiles<Channels, C, Get<C, "profiles", {}>>]
  >
>;

type AtProfiles<Channels extends readonly AnyChannel[], C, Profiles> = Wrong<
  "profiles",
  {
    [P in keyof Profiles]: FirstOf<
      [Unknown<Profiles[P], keyof OverlayInput>, AtChannels<Channels, Profiles[P], [Profiles[P], C]>]
    >;
  }
>;

type AtChannels<Channels extends readonly AnyChannel[], Layer, Layers extends readonly unknown[]> = FirstOf<
  [
    Misnamed<Channels, keyof Get<Layer, "channels", {}>>,
    Wrong<
      "channels",
      { [N in keyof Get<Layer, "channels", {}>]: Unknown<Get<Layer, "channels", {}>[N], keyof ChannelInput> }
    >,
    Verdicts<Channels, Layers> extends infer Refusals
      ? [Refusals] extends [never]
        ? never
        : { readonly channels: Refusals }
      : never,
  ]
>;

type FirstOf<Checks extends readonly unknown[]> = Checks extends readonly [infer First, ...infer Rest]
  ? [First] extends [never]
    ? FirstOf<Rest>
    : First
  : never;

/** Keeps the entries that are not `never`, under `Key`. If there are none, the result is `never`. */
type Wrong<Key extends string, Entries> = {
  [E in keyof Entries as [Entries[E]] extends [never] ? never : E]: Entries[E];
} extends infer Kept
  ? [keyof Kept] extends [never]
    ? never
    : { readonly [K in Key]: Kept }
  : never;

type Unknown<Value, Known extends PropertyKey> = string extends keyof Value
  ? never
  : [Exclude<keyof Value, Known>] extends [never]
    ? never
    : { readonly [K in Exclude<keyof Value, Known> & string]: Refused<`unknown key "${K}"; allowed: ${List<Known>}`> };

/** Refuses names that no channel has. If inference failed, the names are `string` and the compiler has already reported an error. */
type Misnamed<Channels extends readonly AnyChannel[], Given> = string extends Given | Channels[number]["name"]
  ? never
  : [Exclude<Given, Channels[number]["name"] | "*">] extends [never]
    ? never
    : {
        readonly channels: {
          readonly [W in Exclude<Given, Channels[number]["name"] | "*"> &
            string]: Refused<`"${W}" is not one of the channels ${List<Channels[number]["name"]>}`>;
        };
      };

/** The refusals of all channels. `Layers` lists the top layer first. */
type Verdicts<Channels extends readonly AnyChannel[], Layers extends readonly unknown[]> = {
  [I in keyof Channels]: Verdict<
    Channels[I]["name"],
    NeedOf<Channels[I]>,
    Field<"model", Channels[I]["name"], Layers>,
    Field<"on", Channels[I]["name"], Layers>,
    Layers
  >;
}[number];

/** The value of a channel's key. Upper layers win; within a layer, the channel's name wins over `"*"`. */
type Field<F extends string, Name extends string, Layers extends readonly unknown[]> = Layers extends readonly [
  infer Top,
  ...infer Rest,
]
  ? Get<
      Get<Get<Top, "channels", {}>, Name, {}>,
      F,
      Get<Get<Get<Top, "channels", {}>, "*", {}>, F, Field<F, Name, Rest>>
    >
  : undefined;

/** The groups of a channel over all layers. Objects are merged, and null removes. */
type Groups<Name extends string, Layers extends readonly unknown[]> = Layers extends readonly [infer Top, ...infer Rest]
  ?
      | GroupKeys<GroupsOf<Top, Name>>
      | Exclude<GroupKeys<GroupsOf<Top, "*">> | Groups<Name, Rest>, NullKeys<GroupsOf<Top, Name>>>
  : never;
type GroupsOf<Layer, Name extends string> = Get<Get<Get<Layer, "channels", {}>, Name, {}>, "groups", {}>;
type GroupKeys<Given> = { [G in keyof Given]: Given[G] extends null ? never : G }[keyof Given];
type NullKeys<Given> = { [G in keyof Given]: Given[G] extends null ? G : never }[keyof Given];

type Connections<Layers extends readonly unknown[]> = Layers extends readonly [infer Top, ...infer Rest]
  ? keyof Get<Top, "connections", {}> | Connections<Rest>
  : "memory";
type Use<On extends string, Layers extends readonly unknown[]> = Layers extends readonly [infer Top, ...infer Rest]
  ? Get<Get<Get<Top, "connections", {}>, On, {}>, "use", Use<On, Rest>>
  : undefined;
type KeepsOf<U> = U extends Adapter<any, infer Keeps> ? Keeps : unknown;

type IsUnion<T, Whole = T> = [T] extends [never]
  ? false
  : T extends unknown
    ? [Whole] extends [T]
      ? false
      : true
    : never;

/**
 * `never` if the channel is allowed, otherwise the refusal. What is missing (undefined) or unknown to the compiler (a `string`, an
 * untyped adapter) is left to `connect()`.
 */
type Verdict<Name extends string, Needs, M, On, Layers extends readonly unknown[]> = string extends Name
  ? never
  : M extends "queue"
    ? IsUnion<Groups<Name, Layers>> extends true
      ? Refused<`"${Name}" is a queue with the groups ${List<Groups<Name, Layers>>}; a queue has one, pubsub and stream have several`>
      : FirstOf<[OnConnection<Name, Needs, M, On, Layers>, Encryption<Name, Needs, Layers>]>
    : FirstOf<[OnConnection<Name, Needs, M, On, Layers>, Encryption<Name, Needs, Layers>]>;

/** The refusal of a channel that needs encryption and is not encrypted, or not for good. */
type Encryption<Name extends string, Needs, Layers extends readonly unknown[]> = "encryption" extends Needs
  ? Field<"encrypt", Name, Layers> extends infer E
    ? [E] extends [undefined | null]
      ? Refused<`"${Name}" needs encryption; set encrypt: { keys: ... }`>
      : E extends { readonly accept: "optional" }
        ? E extends { readonly until: {} }
          ? never
          : Refused<`"${Name}" needs encryption, and accept: "optional" must end; set until to a date`>
        : never
    : never
  : never;

type OnConnection<Name extends string, Needs, M, On, Layers extends readonly unknown[]> = On extends string
  ? string extends On
    ? never
    : On extends Connections<Layers>
      ? M extends Model
        ? NeedsKept<Name, Needs, M, On, KeepsOf<Use<On, Layers>>>
        : never
      : Refused<`"${Name}" is on "${On}", which is not a connection; connections are ${List<Connections<Layers>>}`>
  : never;

/** Encryption is kept by the configuration, not by the transport. */
type Unkept<Needs, Kept> = Exclude<Needs, Kept | "encryption">;

type NeedsKept<Name extends string, Needs, M extends Model, On extends string, Keeps> = unknown extends Keeps
  ? never
  : M extends keyof Keeps
    ? [Unkept<Needs, Keeps[M]>] extends [never]
      ? never
      : Refused<`"${Name}" needs ${Join<Unkept<Needs, Keeps[M]>>}; a ${M} on "${On}" cannot keep it`>
    : Refused<`"${Name}" is a ${M}; "${On}" has ${Join<keyof Keeps>}`>;
