/**
 * The attributes of a message, following CloudEvents 1.0. `codec.ts` writes and reads them, `attributes.ts` has their names on the
 * wire.
 */
export interface Envelope {
  /** Fixed before the first send (C4). */
  readonly id: string;
  /** The service that published. */
  readonly source: string;
  readonly type: string;
  /** When the message was published (epoch milliseconds). */
  readonly time: number;
  /** The ordering key as the publisher gave it. */
  readonly key?: string | undefined;
  /** 0, raised by each dead-letter copy, redrive and republication, so that the broker does not drop a copy as a duplicate. */
  readonly hop: number;
  /** How often the message was redriven. Absent: never. Dead letters keep it. */
  readonly redrives?: number | undefined;
  /** The message must not be handled from this time on (epoch milliseconds). */
  readonly expiresAt?: number | undefined;
  /**
   * On a message published with a delay: when that delay is over (epoch milliseconds). The broker keeps the delay; this tells the
   * group since when the message could be handled.
   */
  readonly notBefore?: number | undefined;
  /** On the canary of a redrive: how many attempts this copy has, whatever the policy says. Its next copy has none of it. */
  readonly maxAttempts?: number | undefined;
  /** The media type of the data. */
  readonly contentType: string;
  /** The user's headers. */
  readonly headers: Readonly<Record<string, string>>;
  readonly traceparent?: string | undefined;
  readonly tracestate?: string | undefined;
  /** On dead-letter copies: why and where the message was dead-lettered. */
  readonly dead?: DeadInfo;
  /** On a redriven record: the only group that should handle it. */
  readonly to?: string;
  /** On an edited dead letter that was sent as a new message: the id of the message that died. */
  readonly causationId?: string | undefined;
  /** Set if the body does not stand in the message as it was serialised. */
  readonly carried?: Carried | undefined;
  /** How bytes were carried if the transport has only text. The body that `decode` returns is already decoded. */
  readonly encoding?: "base64";
}

/** How a body is carried: compressed, stored elsewhere, or both. The body is then bytes, or a pointer. */
export interface Carried {
  /** The content coding: `br`, `gzip` or `zstd`. */
  readonly coding?: string;
  /** The size of the body before compression, in bytes. */
  readonly codedBytes?: number;
  /** The URI of the object that holds the body. */
  readonly ref?: string;
  /** The size of that object, in bytes. */
  readonly refBytes?: number;
  /** SHA-256 of that object, base64url. */
  readonly refSha256?: string;
  /** Not on the wire. The message attribute that tells Amazon's clients of the object. */
  readonly refAttribute?: string;
}

export interface DeadInfo {
  /** The reason for people, with the class and message of the last error. At most 1,500 bytes on the wire. */
  readonly reason: string;
  readonly code: string;
  readonly attempts: number;
  readonly channel: string;
  readonly group: string;
  readonly errorClass?: string;
  /** On an encrypted channel: the whole reason, encrypted. `reason` then has no text of an error. */
  readonly detail?: string;
  /** When the message failed for the first and the last time (epoch milliseconds). */
  readonly firstAt: number;
  readonly lastAt: number;
}

/** The largest hop. No real message is copied a million times, and far larger numbers would no longer change when 1 is added. */
export const MAX_HOP = 1_000_000;

/** The hop of a copy. After {@link MAX_HOP} it starts again at 1, so that it can always be read back. */
export function nextHop(hop: number): number {
  return hop >= MAX_HOP ? 1 : hop + 1;
}

/** True if the body is compressed by us. Another producer's event may name a coding, but not the size that goes with ours. */
export function isCoded({ carried }: Pick<Envelope, "carried">): boolean {
  return carried?.coding !== undefined && carried.codedBytes !== undefined;
}
