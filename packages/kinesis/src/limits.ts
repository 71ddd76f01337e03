/** Kinesis's own limits, from the API reference unless said otherwise. Times are milliseconds. */

export const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const KIB = 1_024;

/** PutRecords: records, and bytes with their partition keys. */
export const MAX_BATCH = 500;
export const MAX_BATCH_BYTES = 10 * KIB * KIB;
/** A record with its key. A stream is made with the smaller and may be set up to the larger. */
export const DEFAULT_RECORD_KIB = 1_024;
export const MAX_RECORD_KIB = 10_240;
export const MAX_KEY = 256;
/** Stream and consumer names. */
export const MAX_NAME = 128;

export const MIN_RETENTION_MS = 24 * HOUR;
export const MAX_RETENTION_MS = 8_760 * HOUR;

/** GetRecords: 5 calls a second on a shard, shared by everyone that polls it. */
export const READ_MS = 200;
/** "Wait 1 second between calls": how long a shard that has nothing is left alone. */
export const IDLE_MS = 1_000;
/** Iterators end 5 minutes after they were given; one older than this is asked for anew. */
export const ITERATOR_MS = 5 * MINUTE;
/** SubscribeToShard: a second call for the same consumer and shard is refused for 5 seconds after the first. */
export const RESUBSCRIBE_MS = 5 * SECOND;
/** SubscribeToShard: events come at least this often, empty ones included; silence is a dead connection. */
export const SILENCE_MS = 30 * SECOND;

/** One PutRecords takes a shard's megabyte a second ten times over; more at once only queues in one process. */
export const SENDS_AT_ONCE = 10;
/** A throttled shard: full jitter from this, doubling up to a second's quota of the next. */
export const THROTTLED_MS = 250;
export const MAX_THROTTLED_MS = 4 * SECOND;
/** How long what is known of a stream's shards and settings is good for. */
export const DESCRIBE_MS = 5 * MINUTE;

/** 10 MiB at a slow uplink's pace. */
export const CALL_TIMEOUT_MS = 30 * SECOND;
