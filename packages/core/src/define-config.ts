import type { AnyChannel, NeedOf } from "./channel.ts";
import type { ConfigInput } from "./config/types.ts";
import type { Adapter, Model } from "./driver.ts";
import type { Allow, Refused } from "./refused.ts";

/**
 * A typed configuration for `switchyard.config.ts`, or for `connect({ config })`.
 *
 * With connections made by adapter factories (`sqs({ region })`) the compiler checks, for the base and for every profile laid
 * over it, that each channel's model exists on its connection and keeps what the channel needs. A connection given as
 * `{ use: "aws" }` is checked at `connect()` only, as are environment variables. The value is returned as it is.
 */
export function defineConfig<const Channels extends readonly AnyChannel[], const C extends ConfigInput>(
  channels: Channels,
  config: C & CheckConfig<Channels, C>,
): ConfigInput {
  void channels;
  return config;
}

type Get<T, Key, Else> = Key extends keyof T ? Exclude<T[Key], undefined> : Else;
type List<Names> = `"${Names & string}"`;

/** The base, then every profile over it. The error stands where the mistake was made: in the base, or in that profile. */
type CheckConfig<Channels extends readonly AnyChannel[], C> = Allow<
  Misnamed<Channels, C> extends infer Typo
    ? [Typo] extends [never]
      ? Verdicts<Channels, [C]> extends infer Base
        ? [Base] extends [never]
          ? CheckProfiles<Channels, C, Get<C, "profiles", {}>>
          : { readonly channels: Base }
        : never
      : { readonly channels: Typo }
    : never
>;

type CheckProfiles<Channels extends readonly AnyChannel[], C, Profiles> = {
  [P in keyof Profiles as CheckProfile<Channels, C, Profiles[P]> extends never ? never : P]: CheckProfile<
    Channels,
    C,
    Profiles[P]
  >;
} extends infer Bad
  ? keyof Bad extends never
    ? never
    : { readonly profiles: Bad }
  : never;
type CheckProfile<Channels extends readonly AnyChannel[], C, Profile> = [Misnamed<Channels, Profile>] extends [never]
  ? Verdicts<Channels, [Profile, C]>
  : Misnamed<Channels, Profile>;

type Misnamed<Channels extends readonly AnyChannel[], Layer> =
  Exclude<keyof Get<Layer, "channels", {}>, Channels[number]["name"] | "*"> extends infer Wrong
    ? [Wrong] extends [never]
      ? never
      : {
          readonly [W in Wrong &
            string]: Refused<`"${W}" is not one of the channels ${List<Channels[number]["name"]>}`>;
        }
    : never;

/** All refusals of the channels under these layers, the topmost first. */
type Verdicts<Channels extends readonly AnyChannel[], Layers extends readonly unknown[]> = {
  [I in keyof Channels]: Verdict<
    Channels[I]["name"],
    NeedOf<Channels[I]>,
    Field<"model", Channels[I]["name"], Layers>,
    Field<"on", Channels[I]["name"], Layers>,
    Layers
  >;
}[number];

/** Later layers win; within a layer a name beats `"*"`. */
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

/** Groups of all layers: objects are merged. */
type Groups<Name extends string, Layers extends readonly unknown[]> = Layers extends readonly [infer Top, ...infer Rest]
  ?
      | keyof Get<Get<Get<Top, "channels", {}>, Name, {}>, "groups", {}>
      | keyof Get<Get<Get<Top, "channels", {}>, "*", {}>, "groups", {}>
      | Groups<Name, Rest>
  : never;

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

/** Never, or why not. What is not said (undefined) or not known to the compiler (a string, an untyped adapter) is left to `connect()`. */
type Verdict<Name extends string, Needs, M, On, Layers extends readonly unknown[]> = string extends Name
  ? never
  : M extends "queue"
    ? IsUnion<Groups<Name, Layers>> extends true
      ? Refused<`"${Name}" is a queue with the groups ${List<Groups<Name, Layers>>}; a queue has one, pubsub and stream have several`>
      : OnConnection<Name, Needs, M, On, Layers>
    : OnConnection<Name, Needs, M, On, Layers>;

type OnConnection<Name extends string, Needs, M, On, Layers extends readonly unknown[]> = On extends string
  ? string extends On
    ? never
    : On extends Connections<Layers>
      ? M extends Model
        ? Kept<Name, Needs, M, On, KeepsOf<Use<On, Layers>>>
        : never
      : Refused<`"${Name}" is on "${On}", which is not a connection; connections are ${List<Connections<Layers>>}`>
  : never;

type Kept<Name extends string, Needs, M extends Model, On extends string, Keeps> = unknown extends Keeps
  ? never
  : M extends keyof Keeps
    ? [Exclude<Needs, Keeps[M]>] extends [never]
      ? never
      : Refused<`"${Name}" needs ${Exclude<Needs, Keeps[M]> & string}; a ${M} on "${On}" cannot keep it`>
    : Refused<`"${Name}" is a ${M}; "${On}" has ${keyof Keeps & string}`>;
