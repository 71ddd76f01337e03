/**
 * Client-side encryption for Switchyard: the body of a message is a JWE, which neither the broker nor its operator can read.
 *
 * How the words map. A message is JWE in compact form, `application/jose`, encrypted with A256GCM and a *data key*. Data keys are
 * wrapped by the configured key: a local key (A256KW), AWS KMS, or a provider of your own (`dir`, with the wrapped key in the protected
 * header). A data key is used for many messages of one channel.
 *
 * What is guaranteed. What stays readable beside the body (id, source, type, time, key, expiry, headers) is authenticated with it, as is
 * the channel's encryption context: a body that is moved or a message that is changed is refused. A key that cannot be used now makes
 * messages wait, and only what can never be read is dead-lettered. No key material is in an error, a log or what `inspect` shows.
 *
 * Limits. All of them are in `limits.ts`.
 *
 * Configuration:
 *
 *     keys:
 *       orders: { use: kms, write: "${KEY_ARN}", read: ["${KEY_ARN}", "${OLD_ARN}"] }
 *     channels:
 *       orders:
 *         encrypt: { keys: orders }
 */
export { extension } from "./extension.ts";
export type { KeysOptions, KmsClientLike } from "./options.ts";
export { encryptionWith, type OwnKeys } from "./own-keys.ts";
export type { GeneratedKey, KeyProvider, Reuse, Scope } from "./provider.ts";
