/** A message as a driver carries it: what the broker keeps of it, and nothing of what core knows beside. */

/** What a message for a broker in this process holds. It never changes. */
export interface LocalContent {
  /** Core's own. */
  readonly envelope: object;
  /** Characters of the body, roughly. */
  readonly length: number;
  /** What `size` would say of body and headers, or more. */
  readonly atMostBytes: number;
  /** The data, a new copy at each call. */
  fresh(): unknown;
}

export interface WireMessage {
  /** A string is text and is carried as text; bytes are only given to a driver whose `capabilities.binary` is true. */
  readonly body: string | Uint8Array;
  /** At most `capabilities.headers` of them. Names are lower-case `[a-z0-9-]`; values are well-formed text, and core's own hold no control characters. */
  readonly headers: Readonly<Record<string, string>>;
  /** The message type in clear: filter attribute, routing key. Absent on most foreign messages. */
  readonly type?: string;
  /** The order key. On receive it is set only where the broker keeps the order of it. May come back in another form than it was sent in, equal for equal keys. */
  readonly key?: string;
  /** Tenant for fair queues; never implies order. */
  readonly fairness?: string;
  /** Deduplication id, `id` and hop (contract C4); a driver whose broker has no such thing ignores it. */
  readonly dedup?: string;
  /** Not to be delivered earlier than this many milliseconds from now; at most `capabilities.delayedPublishMs`. */
  readonly delayMs?: number;
  /** The same message, not yet written out: only where {@link SenderDriver.local}, and then to be handed back as it is. */
  readonly local?: LocalContent;
}
