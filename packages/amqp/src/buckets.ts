/**
 * How an ordering key finds its partition. A key has one of 256 buckets. Publishers compute it and send it with the message, and bindings
 * lead each bucket to its partition. Nothing of this is computed by the broker, so no restart of it moves a key.
 *
 * Publishers need not know the number of partitions, which may differ between the groups of a topic.
 *
 * Other programs may send buckets too, so none of this ever changes.
 */
import { hash } from "node:crypto";

/** The number of buckets. There are at most as many partitions, because a partition without a bucket would get nothing. */
export const BUCKETS = 256;

/** The bucket of a key: the fourth byte of the SHA-256 of the key in UTF-8. */
export const bucketOf = (key: string): number => hash("sha256", key, "binary").charCodeAt(3);

/** The partition of a bucket, counted from 0. */
export const partitionOf = (bucket: number, partitions: number): number => bucket % partitions;

/** The routing keys of the buckets, by bucket: `bucket-0` to `bucket-255`. */
export const bucketKeys: readonly string[] = Array.from({ length: BUCKETS }, (_, bucket) => `bucket-${bucket}`);

const lists: readonly (readonly [string])[] = bucketKeys.map((key) => [key]);

/** The routing key of an ordering key. Empty for a message without one. */
export const routingKeyOf = (key: string | undefined): string => (key === undefined ? "" : bucketKeys[bucketOf(key)]!);

/**
 * The header with a second routing key, of a message whose first one is its type. RabbitMQ routes by both, and removes the header before
 * the message is stored.
 */
export const SECOND_KEY = "BCC";

/** The value of {@link SECOND_KEY}. Undefined for a message without an ordering key. It is shared: do not change it. */
export const secondKeyOf = (key: string | undefined): readonly string[] | undefined =>
  key === undefined ? undefined : lists[bucketOf(key)]!;
