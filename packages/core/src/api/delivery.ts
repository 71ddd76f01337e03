import type { AnyChannel, OutputOf, TypeOf } from "./channel.ts";

/** The fields of every delivery, whatever its channel. */
export interface DeliveryFacts {
  /** The message's id, the key to de-duplicate by. It is the same in every attempt, redrive and replay. */
  readonly id: string;
  /** The channel's name. */
  readonly channel: string;
  readonly group: string;
  /** The number of this attempt, from 1. Where the transport counts approximately, redeliveries after a crash count too. */
  readonly attempt: number;
  /** The ordering key, on ordered channels. */
  readonly key?: string;
  /** The headers that the publisher passed. Names are lower-case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The service that published it. */
  readonly source: string;
  /** When the message was published, by the publisher's clock. */
  readonly time: Date;
  /** When the broker accepted the message. Absent if the broker does not say. */
  readonly enqueuedAt?: Date;
  /** On streams: the message's position in the log, as `replay()` takes it. */
  readonly position?: string;
  /**
   * A hash of source, id, type and body: what identifies a message. Source and id are enough for messages that Switchyard published. Other
   * producers may give one id to several messages, and this tells them apart. Computed when it is read.
   */
  readonly fingerprint: string;
  /** True if Switchyard did not publish the message. `raw` then has what the other fields cannot show. */
  readonly foreign: boolean;
  /** The broker client's message object. Not portable. */
  readonly raw: unknown;
  /**
   * Aborts when the hold on the message is lost or about to be lost, or when the drain deadline of `stop()` passes. The message may be
   * delivered again from then on, and the result of the handler is ignored.
   */
  readonly signal: AbortSignal;
  /** A number that increases with every new holder of the same partition. Absent if the transport has none. */
  readonly fencingToken?: number;
  readonly fairnessKey?: string;
  readonly traceparent?: string;
  readonly tracestate?: string;
  /** How often the message was copied as a dead letter, by a redrive or by another publication. 0 for the original. */
  readonly hop: number;
  /** Present if the message is an edited dead letter: the id of the message that died. `id` is then a new one. */
  readonly causationId?: string;
  readonly expiresAt?: Date;
  /** True if the data was encrypted. Present only on channels with `encrypt`; false there only with `accept: optional`. */
  readonly encrypted?: boolean;
}

interface TypedDelivery<K extends string, Data> extends DeliveryFacts {
  readonly type: K;
  /** The validated data: the output of the type's schema. */
  readonly data: Data;
}

/** One delivery of a message to a group. It is a union over the types, so `type` narrows `data`. `Added` is what middleware added. */
export type Delivery<C extends AnyChannel = AnyChannel, K extends TypeOf<C> = TypeOf<C>, Added = {}> = K extends unknown
  ? TypedDelivery<K, OutputOf<C, K>> & Added
  : never;

/** A delivery of any channel, as middleware sees it. */
export interface AnyDelivery extends DeliveryFacts {
  readonly type: string;
  readonly data: unknown;
}

/**
 * Several deliveries for one call of a handler. On an ordered channel, the deliveries of a key are in order, and there are at most
 * `batch.perKey` of them. No other batch and no other member of the group has a delivery of that key at the same time.
 */
export interface Batch<C extends AnyChannel = AnyChannel, Added = {}> extends Iterable<Delivery<C, TypeOf<C>, Added>> {
  readonly size: number;
  /** Aborts as soon as one of the deliveries' signals does. */
  readonly signal: AbortSignal;
  /**
   * Marks one delivery as failed. The group's policy applies, unless `error` is a `Retry`, `DeadLetter`, `Release` or `Skip`. The
   * other deliveries are acknowledged when the handler returns. Only the first call for a delivery counts.
   *
   * On an ordered channel, the later deliveries of the same key in the batch are taken back: they are neither acknowledged nor failed,
   * whatever the handler did with them. They are delivered again after the failed one, and this attempt does not count. When the
   * handler throws, the first delivery of each key has failed and the others of the key are taken back. A failed delivery is retried
   * in a batch without others of its key.
   */
  fail(delivery: AnyDelivery, error: unknown): void;
}
