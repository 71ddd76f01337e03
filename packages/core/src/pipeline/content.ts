/**
 * The content of a message on its way to the wire and back. A channel may compress, encrypt and store its messages elsewhere. Each of
 * these is a {@link Step}. They run in a fixed order: serialise, compress, encrypt, claim check. Reading runs them backwards.
 */

/** A body, and what a reader must know about it. Each step returns a new one. */
export interface Content {
  /** Text or bytes. With a {@link claim}, the pointer that stands on the wire in place of the body. */
  readonly body: string | Uint8Array;
  /** The media type of the body: `application/json`, or `application/jose` once it is encrypted. */
  readonly contentType: string;
  /** How the body is compressed. An encrypted body hides it. */
  readonly coding?: Coding | undefined;
  /** Where the body is, if it is stored elsewhere. */
  readonly claim?: Claim | undefined;
}

/** A content coding. Only one may be applied to a body. */
export interface Coding {
  readonly name: "br" | "gzip" | "zstd";
  /** The size before compression, in bytes. A reader allocates no more than this. */
  readonly bytes: number;
}

/** An object that holds the body of a message. */
export interface Claim {
  /** The object's address as a URI: `s3://bucket/key`. The CloudEvents extension `dataref`. */
  readonly ref: string;
  /** The size of the object in bytes. */
  readonly bytes: number;
  /** SHA-256 of the object, base64url without padding. Absent if another producer stored the object and did not say. */
  readonly sha256?: string | undefined;
  /** The number attribute that carries {@link bytes} for Amazon's extended clients. Default `ExtendedPayloadSize`. */
  readonly attribute?: string | undefined;
}

/** The attributes of a message that stay readable beside its content. An encryption step authenticates them. */
export interface Attributes {
  /** The channel that the message was published to, or is received from. */
  readonly channel: string;
  readonly id: string;
  /** The service that published. */
  readonly source: string;
  readonly type: string;
  /** When the message was published (epoch milliseconds). */
  readonly time: number;
  /** The ordering key. */
  readonly key?: string | undefined;
  /** When the message expires (epoch milliseconds). A dead-letter copy has none. */
  readonly expiresAt?: number | undefined;
  /** 0, raised by each dead-letter copy and redrive. */
  readonly hop: number;
  /** The user's headers. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What a step may use while it writes. */
export interface Writing {
  /** Aborts when no caller waits for the message any more. */
  readonly signal: AbortSignal | undefined;
  /** False if the transport writes bytes as base64 text, which takes a third more. */
  readonly binary: boolean;
}

/** What a step may use while it reads. */
export interface Reading {
  /** Aborts when the hold on the delivery is lost, or the process gives it up. */
  readonly signal: AbortSignal;
  /** True if another producer wrote the message: it has no envelope of ours. */
  readonly foreign: boolean;
  /** The message's headers as the broker has them, with lower-case names. Set on foreign messages only. */
  readonly native: Readonly<Record<string, string>>;
  /**
   * Reserves memory for a body of this many bytes before it is fetched or inflated. Wait for the promise, if there is one. Core
   * frees the memory when the attempt ends.
   */
  reserve(bytes: number): void | Promise<void>;
  /** Tells core that the body was encrypted. */
  encrypted(): void;
}

/**
 * One step of the pipeline. Both directions return at once where nothing must be waited for.
 *
 * A step fails with a MessagingError. When reading, its kind decides:
 * - `permanent`: the message can never be read. It is dead-lettered with the error's code, as it was received.
 * - any other kind: it cannot be read now. It waits and is tried again, and uses up no attempt. After
 *   {@link MessagingError.giveUpAfterMs} it is dead-lettered, too.
 *
 * When writing, `publish()` fails with the error. Nothing was sent, so no kind may be `ambiguous`.
 */
export interface Step {
  readonly name: "compress" | "encrypt" | "claim-check";
  /** The most bytes that a body of `bytes` bytes may have after this step. It is counted before any I/O. */
  most(bytes: number): number;
  write(content: Content, message: Attributes, how: Writing): Content | Promise<Content>;
  /** Returns the content unchanged if this step has nothing to undo. */
  read(content: Content, message: Attributes, how: Reading): Content | Promise<Content>;
}
