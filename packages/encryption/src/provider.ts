/** The key provider: what makes data keys and unwraps them. */

/** What a data key is for. A provider authenticates it where it can, as KMS does with its encryption context. */
export interface Scope {
  /** The channel's encryption context: by default its name. */
  readonly context: string;
  /** The message's type, if the provider is {@link KeyProvider.perType}. Absent for short texts, such as the error of a dead letter. */
  readonly type?: string | undefined;
}

/** A new data key. */
export interface GeneratedKey {
  /** 32 random bytes. They are overwritten with zeros once they are in use: give no array that you keep. */
  readonly plain: Uint8Array;
  /** The same, encrypted. It travels in each message. At most 6144 bytes. */
  readonly wrapped: Uint8Array;
  /** The name of the key that wrapped it, as readers know it. It travels in clear. At most 2048 characters. */
  readonly kid: string;
}

/**
 * Makes and unwraps data keys. Results are cached here, and there is one call at a time for each data key, so that a provider needs
 * neither a cache nor a limit.
 *
 * Fails with a MessagingError, whose text must contain no key material:
 * - `permanent`, code `undecryptable`: the wrapped key is not what this key and this scope made. The message is dead-lettered.
 * - `throttled`, `auth` or `retryable`: the key cannot be used now. Its channels wait, and health says so.
 *
 * Any other error counts as `keys-unreachable`, `retryable`, and its text is not shown.
 */
export interface KeyProvider {
  /** One line for `explain()`: which keys write, which read. No secrets. */
  readonly summary: string;
  /** True if {@link Scope.type} is authenticated too. There is a data key for each context and type then, not for each context. */
  readonly perType: boolean;
  /**
   * The configured key that unwraps what `kid` has wrapped. Undefined: none, and the message waits as `unknown-key`. Look it up in the
   * configuration: `kid` comes from the wire.
   */
  keyOf(kid: string): string | undefined;
  /** Makes a data key. `signal` aborts when the process stops. */
  generate(scope: Scope, signal: AbortSignal): GeneratedKey | Promise<GeneratedKey>;
  /** Unwraps a data key. `key`: what {@link keyOf} returned. The result is overwritten with zeros after use. */
  unwrap(wrapped: Uint8Array, key: string, scope: Scope, signal: AbortSignal): Uint8Array | Promise<Uint8Array>;
  close?(): Promise<void>;
}

/** How long and how much a data key is used before the next one is made. Whichever comes first. */
export interface Reuse {
  /** Messages. Default 100,000. */
  readonly messages: number;
  /** Bytes. Default 1 GiB. */
  readonly bytes: number;
  /** Milliseconds. Default 1 h. No data key, to write or to read, stays in memory longer. */
  readonly ageMs: number;
}

/** Where the wrapped key stands in a message: in the JWE's own place, or in a private member of its header. */
export type Alg = "A256KW" | "dir";

/** A provider with what is the same for all of its channels. */
export interface OpenedProvider {
  readonly provider: KeyProvider;
  readonly alg: Alg;
  readonly reuse: Reuse;
  /** How long a message with an unlisted key waits, in milliseconds. */
  readonly waitMs: number;
}
