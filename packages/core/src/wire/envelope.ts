/**
 * The message as it stands on the wire: CloudEvents 1.0 attributes. `codec.ts` writes and reads it, `attributes.ts` knows the
 * attributes by name.
 */
export interface Envelope {
  /** Fixed before the first send (C4). */
  readonly id: string;
  /** The service that published. */
  readonly source: string;
  readonly type: string;
  /** When it was published (epoch milliseconds). */
  readonly time: number;
  /** The ordering key as the publisher gave it. */
  readonly key?: string | undefined;
  /** 0; raised by each dead-letter copy, redrive and republication, so that no dedup window swallows a copy. */
  readonly hop: number;
  /** Not to be handled from then on (epoch milliseconds). */
  readonly expiresAt?: number | undefined;
  /** Of the data. */
  readonly contentType: string;
  /** The user's own. */
  readonly headers: Readonly<Record<string, string>>;
  readonly traceparent?: string | undefined;
  readonly tracestate?: string | undefined;
  /** Why and where it died: on dead-letter copies. */
  readonly dead?: DeadInfo;
  /** The only group a redriven record is for. */
  readonly to?: string;
  /** How the wire carries bytes where it has only text. `decode` has undone it. */
  readonly encoding?: "base64";
}

export interface DeadInfo {
  /** For people, with the class and message of the last error; clipped to 1,500 bytes on the wire. */
  readonly reason: string;
  readonly code: string;
  readonly attempts: number;
  readonly channel: string;
  readonly group: string;
  readonly errorClass?: string;
  /** The first and the last failure (epoch milliseconds). */
  readonly firstAt: number;
  readonly lastAt: number;
}

/** A message that was copied a million times is no message of ours; far from where adding 1 changes nothing. */
export const MAX_HOP = 1_000_000;

/** The hop of a copy; after {@link MAX_HOP} it begins at 1 again, so that it can always be read back. */
export function nextHop(hop: number): number {
  return hop >= MAX_HOP ? 1 : hop + 1;
}
