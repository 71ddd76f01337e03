/** Sizes are bytes, times are milliseconds. */

/** Data keys of 256 bits, for AES-256-GCM. */
export const KEY_BYTES = 32;
/** The IV of AES-GCM that JWE uses: 96 bits [RFC 7518, 5.3]. */
export const IV_BYTES = 12;
/** The tag of AES-GCM that JWE uses: 128 bits [RFC 7518, 5.3]. */
export const TAG_BYTES = 16;
/** A data key wrapped with A256KW: 8 bytes more than the key [RFC 3394, 2.2.1]. */
export const WRAPPED_BYTES = KEY_BYTES + 8;
/** The longest `CiphertextBlob` that KMS's Decrypt takes (API reference, 2026). Other providers have the same limit. */
export const MOST_WRAPPED_BYTES = 6_144;

/** A longer protected header is neither written nor read. It holds a KMS ciphertext of usual size several times over. */
export const MOST_HEADER_BYTES = 8_192;
export const MOST_KID = 2_048;
export const MOST_CONTENT_TYPE = 1_024;

/**
 * How often a data key encrypts. With random IVs, NIST SP 800-38D (8.3) allows 2^32 messages for each key over the whole fleet; each
 * process has its own data keys, and 100,000 is what others use, such as the AWS Encryption SDK's examples.
 */
export const KEY_USES = 100_000;
/** How much a data key encrypts: 1 GiB. */
export const KEY_USE_BYTES = 1_024 * 1_024 * 1_024;
/** How long a data key is kept, for writing and for reading. A key that is disabled in KMS is in use at most this long. */
export const KEY_AGE_MS = 60 * 60_000;
/** A data key is replaced in the background once this share of its uses, its bytes or its age is used up. */
export const REFRESH_AT = 0.8;
/** After a failed refresh in the background, the next one comes no sooner. */
export const REFRESH_RETRY_MS = 10_000;

/** Contexts and types for which a data key to write is kept. */
export const MOST_WRITE_KEYS = 1_000;
/** Data keys to read that are kept, the last used ones. */
export const MOST_READ_KEYS = 1_000;
/** For so long a data key that could not be unwrapped is not tried again: refused for good, and for a reason that may pass. */
export const REFUSED_MS = 10_000;
export const FAILED_MS = 1_000;

/** How long a message waits whose key is not in the read list, before it is dead-lettered. */
export const UNKNOWN_KEY_MS = 15 * 60_000;

/** For one call of KMS with its retries, each in turn. */
export const CALL_TIMEOUT_MS = 5_000;
/** Attempts of the SDK for each call. Both calls can be repeated safely. The SDK's own default. */
export const ATTEMPTS = 3;
