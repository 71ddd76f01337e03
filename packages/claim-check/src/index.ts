/**
 * Switchyard's claim check: a body that does not fit into a message is stored elsewhere, and a pointer is sent in its place.
 *
 * How the words map. An object is `bucket`/`prefix/channel/id.digest`. The pointer on the wire is that of Amazon's extended client
 * libraries for SQS and SNS; the envelope has the object's address, size and SHA-256 as well.
 *
 * What is guaranteed. An object is stored before its message is published, and never changed or deleted. Whoever reads it checks size
 * and SHA-256, and follows only pointers into configured buckets and prefixes. A missing object is its own message's dead letter. A
 * lifecycle rule of the bucket ends an object's life; `plan()` makes it so long that every message still finds its object.
 *
 * Limits. 64 MiB for an object, handled whole. All limits are in `limits.ts`.
 *
 * Configuration:
 *
 *     channels:
 *       orders:
 *         claimCheck: { store: s3, bucket: acme-msgs, prefix: p/28d, owner: "123456789012" }
 */
export { extension } from "./extension.ts";
export type { ClaimCheckOptions, S3ClientLike } from "./options.ts";
