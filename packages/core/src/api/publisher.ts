import type { AnyChannel, InputOf, NeedOf, TypeOf } from "./channel.ts";
import type { Duration } from "./duration.ts";
import type { MessagingError } from "./errors.ts";
import type { Join, Refused } from "./refused.ts";

type NameOf<C extends AnyChannel> = C["name"];
/** An option whose need the channel does not declare does not compile. */
type Declared<C extends AnyChannel, N extends string, Value, Write extends string> =
  N extends NeedOf<C> ? Value : Refused<`"${NameOf<C>}" does not declare ${N}; add needs: { ${Write} }`>;

export interface PublishOptions<C extends AnyChannel = AnyChannel> {
  /** The message's identity for good; default a new UUID. Publish again with the same id after an `ambiguous` error. */
  readonly id?: string;
  /** Portable headers: lower-case names, any text. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Not delivered earlier than this from now; at most what the channel declares. */
  readonly delay?: Declared<C, "delay", Duration, 'delay: "15m"'>;
  /** Not delivered later than this from now, or than that date; then settled and counted as expired. */
  readonly expires?: Duration | Date;
  /** Whose message this is: tenants share the consumers fairly. Never implies order. */
  readonly fairnessKey?: Declared<C, "fairness", string, "fairness: true">;
  /** Gives up waiting. The message may have been sent: the rejection then says `ambiguous`. */
  readonly signal?: AbortSignal;
}

/** The broker has taken responsibility. */
export interface Published {
  readonly id: string;
  /** The place in the log, on streams. */
  readonly position?: string;
}

/** `type` decides what `data` must be. The signal is given once, to `publishMany`. */
export type PublishManyItem<C extends AnyChannel, K extends TypeOf<C> = TypeOf<C>> = K extends unknown
  ? { readonly type: K; readonly data: InputOf<C, K> } & Omit<PublishOptions<C>, "signal">
  : never;

/** `id` is the message's also where it failed, so that it can be sent again as the same message. */
export type PublishManyResult =
  | ({ readonly ok: true } & Published)
  | { readonly ok: false; readonly id: string; readonly error: MessagingError };

/**
 * The channel given, where it is one of `C`, the channels that are connected. Not a constraint: the compiler would compare the
 * two channels in full and never say what to do. `Any` stands beside the refusal so that a class for any channel can implement
 * these methods. It is not `C`, which may be a union of hundreds.
 */
export type Connected<X extends AnyChannel, C extends AnyChannel, Given = X, Any = AnyChannel> = [X] extends [C]
  ? Given
  : Refused<NotConnected<X["name"], C["name"]>> & Any;
type NotConnected<Name extends string, Known extends string> = Name extends Known
  ? `"${Name}" is another channel than the connected one of that name; import the one given to connect({ channels })`
  : `"${Name}" is not connected; add it to connect({ channels })`;

/**
 * What has to be published as a type that is only known to be one of `K`: data that is right for each of them. For one type, and
 * for a type parameter, it is `InputOf`.
 */
export type PayloadOf<C extends AnyChannel, K extends TypeOf<C>> = [Boxed<K, K>] extends [Each<K>]
  ? InputOf<C, K>
  : OfAll<C, K> | Refused<`the type is one of ${Join<`"${K}"`>}: narrow it first, or give data that is right for each`>;
// Both are deferred for a type parameter and then identical, which a test for a union would not be.
type Boxed<K, All> = K extends unknown ? (of: All) => All : never;
type Each<K> = K extends unknown ? (of: K) => K : never;
type OfAll<C extends AnyChannel, K extends TypeOf<C>> = (
  K extends unknown
    ? (data: InputOf<C, K>) => void
    : never
) extends (data: infer All) => void
  ? All
  : never;

/** What code that only publishes should ask for; `Messaging` is one for each of its channels. */
export interface Publisher<C extends AnyChannel> {
  /**
   * Resolves when the broker has taken responsibility.
   *
   * @throws MessagingError; its kind says whether a retry is safe (see `Kind`). `invalid-message` names the field.
   */
  publish<X extends AnyChannel, K extends keyof NonNullable<X[typeof Symbol.species]>["messages"] & string>(
    channel: Connected<X, C>,
    type: K,
    data: PayloadOf<X, K>,
    options?: PublishOptions<X>,
  ): Promise<Published>;
  /**
   * One result per message, in order; never all or nothing. With an ordering key the messages of a key are sent in this
   * order, and once one failed the later ones of that key are not sent (`blocked-by-earlier`).
   */
  publishMany<X extends AnyChannel>(
    channel: Connected<X, C>,
    messages: readonly PublishManyItem<X>[],
    options?: { readonly signal?: AbortSignal },
  ): Promise<readonly PublishManyResult[]>;
  /**
   * Never set; a symbol so that editors do not offer it. Methods are compared bivariantly; this is not, so that a publisher of
   * other channels is not assignable.
   */
  readonly [Symbol.species]?: (name: C["name"], channel: C) => void;
}
