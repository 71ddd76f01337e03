/** Sizes are bytes, times are milliseconds. */

/** The largest object that is stored or fetched: 64 MiB. It is handled whole, so it must fit into memory. */
export const MOST_BYTES = 64 * 1_024 * 1_024;
/** A longer body is no pointer. The longest one has a bucket's name of 63 bytes and a key of 1,024. */
export const MOST_POINTER = 4_096;
/** S3's limit of a key (user guide, "Naming Amazon S3 objects"). */
export const MOST_KEY = 1_024;
/** Leaves room for channel, id and digest in the key, and for the prefix in a rule's id, of which S3 takes 255 characters. */
export const MOST_PREFIX = 200;
/** How long a message waits whose object S3 refuses to hand over, before it is dead-lettered. */
export const DENIED_MS = 15 * 60_000;

/** To the head of S3's answer. A put of 64 MiB needs two minutes at 4 Mbit/s. A deadline of the publish ends it earlier. */
export const CALL_TIMEOUT_MS = 5 * 60_000;
/** Without any byte in either direction. */
export const IDLE_TIMEOUT_MS = 15_000;
/** Attempts of the SDK for each call. Puts and gets of whole objects can be repeated safely. The SDK's own default. */
export const ATTEMPTS = 3;
