import type { AnyChannel, OutputOf, TypeOf } from "./channel.ts";

/** What every delivery has, whatever its channel. */
export interface DeliveryFacts {
  /** Fixed before the first send; the same in every attempt, redrive and replay: the key to de-duplicate by. */
  readonly id: string;
  /** The channel's name. */
  readonly channel: string;
  readonly group: string;
  /** From 1. */
  readonly attempt: number;
  /** The ordering key, on ordered channels. */
  readonly key?: string;
  /** What the publisher gave as `headers`; names are lower-case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The service that published it. */
  readonly source: string;
  /** When it was published, by the publisher's clock. */
  readonly time: Date;
  /** When the broker accepted it, where it says so. */
  readonly enqueuedAt?: Date;
  /** Its place in the log, on streams. */
  readonly position?: string;
  /** It was not published by this library; `raw` has what the envelope could not. */
  readonly foreign: boolean;
  /** The broker's own message. Not portable. */
  readonly raw: unknown;
  /**
   * Aborts when the hold is lost or about to be, or when the drain deadline passes. From then on the message may be
   * delivered again, and what the handler does is no longer settled.
   */
  readonly signal: AbortSignal;
  /** Rises with every new holder of the same partition, where the transport has it. */
  readonly fencingToken?: number;
  readonly fairnessKey?: string;
  readonly traceparent?: string;
  readonly tracestate?: string;
  /** How often it was copied by a dead letter or a redrive. */
  readonly hop: number;
  readonly expiresAt?: Date;
}

interface TypedDelivery<K extends string, Data> extends DeliveryFacts {
  readonly type: K;
  /** Validated; the output of the type's schema. */
  readonly data: Data;
}

/** One hand-over of a message to a group. A union over the types, so that `type` narrows `data`; `Added` is what middleware gave. */
export type Delivery<C extends AnyChannel = AnyChannel, K extends TypeOf<C> = TypeOf<C>, Added = {}> = K extends unknown
  ? TypedDelivery<K, OutputOf<C, K>> & Added
  : never;

/** A delivery of any channel, as middleware sees it. */
export interface AnyDelivery extends DeliveryFacts {
  readonly type: string;
  readonly data: unknown;
}

/**
 * Several deliveries for one call of a handler. On an ordered channel those of a key follow each other in their order, at most
 * `batch.perKey` of them, and no other batch and no other member has one of the key meanwhile.
 */
export interface Batch<C extends AnyChannel = AnyChannel, Added = {}> extends Iterable<Delivery<C, TypeOf<C>, Added>> {
  readonly size: number;
  /** Aborts as soon as one of the deliveries' signals does. */
  readonly signal: AbortSignal;
  /**
   * This one failed: the policy decides, or the `Retry`, `DeadLetter`, `Release` or `Skip` given as `error`. The others are
   * acknowledged when the handler returns. The first call for a delivery counts.
   *
   * On an ordered channel what follows it of its key in the batch is taken back: neither acknowledged nor failed, whatever the
   * handler did with it. It comes again behind the one that failed, and this attempt does not count. When the handler throws, the
   * first of each key has failed, and the others of it are taken back. One that has failed is tried again as the only one of its key.
   */
  fail(delivery: AnyDelivery, error: unknown): void;
}
