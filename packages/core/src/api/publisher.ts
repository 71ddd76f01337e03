import type { AnyChannel, InputOf, NeedOf, TypeOf } from "./channel.ts";
import type { Duration } from "./duration.ts";
import type { MessagingError } from "./errors.ts";
import type { Join, Refused } from "./refused.ts";

type NameOf<C extends AnyChannel> = C["name"];
/** An option whose need the channel does not declare does not compile. */
type Declared<C extends AnyChannel, N extends string, Value, Write extends string> =
  N extends NeedOf<C> ? Value : Refused<`"${NameOf<C>}" does not declare ${N}; add needs: { ${Write} }`>;

/** The options of one publish. */
export interface PublishOptions<C extends AnyChannel = AnyChannel> {
  /** The message's id, which never changes. Default: a new UUID. After an `ambiguous` error, publish again with the same id. */
  readonly id?: string;
  /** Headers for the handler: names of lower-case letters, digits and `-`, and any text as values. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Deliver no earlier than this time from now. At most the `delay` that the channel declares. */
  readonly delay?: Declared<C, "delay", Duration, 'delay: "15m"'>;
  /** Do not deliver after this time from now, or after this date. A message that is too late is settled and reported as `expired`. */
  readonly expires?: Duration | Date;
  /** The tenant of the message. Tenants share the consumers fairly. It does not imply order. */
  readonly fairnessKey?: Declared<C, "fairness", string, "fairness: true">;
  /** Stops waiting for the broker. If the message may already have been sent, the error is `ambiguous`. */
  readonly signal?: AbortSignal;
}

/** The broker has accepted the message. */
export interface Published {
  readonly id: string;
  /** On streams: the message's position in the log. */
  readonly position?: string;
}

/** One message of `publishMany`. `type` decides the type of `data`. The signal is passed to `publishMany` itself. */
export type PublishManyItem<C extends AnyChannel, K extends TypeOf<C> = TypeOf<C>> = K extends unknown
  ? { readonly type: K; readonly data: InputOf<C, K> } & Omit<PublishOptions<C>, "signal">
  : never;

/** The result for one message. `id` is also present after a failure, so that the same message can be published again. */
export type PublishManyResult =
  | ({ readonly ok: true } & Published)
  | { readonly ok: false; readonly id: string; readonly error: MessagingError };

/**
 * `Given` if the channel `X` is one of `C`, the connected channels; otherwise a refusal. This is not a constraint, because the compiler
 * would then print two whole channels instead of saying what to do. `Any` is next to the refusal so that a class for any channel can
 * implement these methods. It is not `C`, which may be a union of hundreds of channels.
 */
export type Connected<X extends AnyChannel, C extends AnyChannel, Given = X, Any = AnyChannel> = [X] extends [C]
  ? Given
  : Refused<NotConnected<X["name"], C["name"]>> & Any;
type NotConnected<Name extends string, Known extends string> = [Known] extends [never]
  ? `"${Name}" is not one of this type's channels; name them, as in Messaging<typeof orders>, or in connect({ channels })`
  : Name extends Known
    ? `"${Name}" is another channel than the connected one of that name; import the one given to connect({ channels })`
    : `"${Name}" is not connected; add it to connect({ channels })`;

/**
 * The data to publish. For one type, or a type parameter, it is `InputOf`. If the type is only known to be one of several, the data
 * must be valid for each of them.
 */
export type PayloadOf<C extends AnyChannel, K extends TypeOf<C>> = [Boxed<K, K>] extends [Each<K>]
  ? InputOf<C, K>
  : OfAll<C, K> | Refused<`the type is one of ${Join<`"${K}"`>}: narrow it first, or give data that is right for each`>;
// For a type parameter both stay deferred and are identical. A direct test for a union would not have that property.
type Boxed<K, All> = K extends unknown ? (of: All) => All : never;
type Each<K> = K extends unknown ? (of: K) => K : never;
type OfAll<C extends AnyChannel, K extends TypeOf<C>> = (
  K extends unknown
    ? (data: InputOf<C, K>) => void
    : never
) extends (data: infer All) => void
  ? All
  : never;

/** The interface for code that only publishes. `Messaging` implements it for all its channels. */
export interface Publisher<C extends AnyChannel> {
  /**
   * Publishes a message. Resolves when the broker has accepted it.
   *
   * @throws MessagingError whose kind says whether a retry is safe (see `Kind`). `invalid-message` names the field.
   */
  publish<X extends AnyChannel, K extends keyof NonNullable<X[typeof Symbol.species]>["messages"] & string>(
    channel: Connected<X, C>,
    type: K,
    data: PayloadOf<X, K>,
    options?: PublishOptions<X>,
  ): Promise<Published>;
  /**
   * Publishes several messages. Resolves with one result for each, in the given order. Some may succeed while others fail. Messages
   * with the same ordering key are sent in the given order; after one has failed, later ones of that key are not sent and fail with
   * `blocked-by-earlier`.
   */
  publishMany<X extends AnyChannel>(
    channel: Connected<X, C>,
    messages: readonly PublishManyItem<X>[],
    options?: { readonly signal?: AbortSignal },
  ): Promise<readonly PublishManyResult[]>;
  /**
   * Never set. It makes a publisher of other channels not assignable: TypeScript compares methods bivariantly, but not this property.
   * It is a symbol so that editors do not offer it.
   */
  readonly [Symbol.species]?: (name: C["name"], channel: C) => void;
}
