import type { AnyChannel, InputOf, NeedOf, TypeOf } from "./channel.ts";
import type { Duration } from "./duration.ts";
import type { MessagingError } from "./errors.ts";
import type { Refused } from "./refused.ts";

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

/** What code that only publishes should ask for; `Messaging` is one for each of its channels. */
export interface Publisher<C extends AnyChannel> {
  /**
   * Resolves when the broker has taken responsibility.
   *
   * @throws MessagingError; its kind says whether a retry is safe (see `Kind`). `invalid-message` names the field.
   */
  publish<X extends C, K extends keyof NonNullable<X["~types"]>["messages"] & string>(
    channel: X,
    type: K,
    data: InputOf<X, K>,
    options?: PublishOptions<X>,
  ): Promise<Published>;
  /**
   * One result per message, in order; never all or nothing. With an ordering key the messages of a key are sent in this
   * order, and once one failed the later ones of that key are not sent (`blocked-by-earlier`).
   */
  publishMany<X extends C>(
    channel: X,
    messages: readonly PublishManyItem<X>[],
    options?: { readonly signal?: AbortSignal },
  ): Promise<readonly PublishManyResult[]>;
  /** Never set. Methods are compared bivariantly; this is not, so that a publisher of other channels is not assignable. */
  readonly "~publishes"?: (channel: C) => void;
}
