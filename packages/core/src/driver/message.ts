/** A message as a driver carries it. */

/** The content of a message that stays in this process. It never changes. */
export interface LocalContent {
  /** The message's id. */
  readonly id: string;
  /** Opaque to drivers; only core reads it. */
  readonly envelope: object;
  /** The approximate length of the body in characters. */
  readonly length: number;
  /** An upper bound of the size of body and headers in bytes. */
  readonly atMostBytes: number;
  /** Returns a new copy of the data at each call. */
  fresh(): unknown;
}

/** A message as drivers see it: the body as text or bytes, and the fields that are sent with it. */
export interface WireMessage {
  /** Carry a string as text. Core passes bytes only if `capabilities.binary` is true. */
  readonly body: string | Uint8Array;
  /**
   * At most `capabilities.headers` entries. Names consist of `[a-z0-9-]`. Values are well-formed Unicode; the values that core itself
   * writes contain no control characters.
   */
  readonly headers: Readonly<Record<string, string>>;
  /** The message type, for filters and routing keys. Usually absent on messages from other producers. */
  readonly type?: string;
  /**
   * The ordering key. Set it on receive only if the broker keeps messages with the same key in order. It may differ from the key that
   * was sent, but equal keys must stay equal.
   */
  readonly key?: string;
  /** The tenant, for brokers with fair queues. It does not imply order. */
  readonly fairness?: string;
  /** The deduplication id, made from id and hop (contract C4). Ignore it if the broker does not deduplicate. */
  readonly dedup?: string;
  /** The content coding of a compressed body: `br`, `gzip` or `zstd`. Carry it too if the broker has a property for it. */
  readonly coding?: string;
  /**
   * Set if the body is a pointer to an object that holds the real one. Brokers that Amazon's extended clients read carry `bytes`, the
   * size of the object, in the number attribute named `attribute`.
   */
  readonly offloaded?: { readonly bytes: number; readonly attribute: string };
  /** Deliver no earlier than this many milliseconds from now. At most `capabilities.delayedPublishMs`. */
  readonly delayMs?: number;
  /** The same message before encoding. Core sets it only if {@link SenderDriver.local} is true. Return it unchanged on receive. */
  readonly local?: LocalContent;
}
