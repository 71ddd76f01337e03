/** Kinesis's own limits, from the API reference unless said otherwise. Times are milliseconds. */

export const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const KIB = 1_024;

/** Limits of PutRecords: the number of records, and their bytes including partition keys. */
export const MAX_BATCH = 500;
export const MAX_BATCH_BYTES = 10 * KIB * KIB;
/** Limits of a record with its key. A new stream has the smaller one and can be set to at most the larger one. */
export const DEFAULT_RECORD_KIB = 1_024;
export const MAX_RECORD_KIB = 10_240;
export const MAX_KEY = 256;
/** Stream and consumer names. */
export const MAX_NAME = 128;

export const MIN_RETENTION_MS = 24 * HOUR;
export const MAX_RETENTION_MS = 8_760 * HOUR;

/** GetRecords allows 5 calls a second on a shard, shared by all that poll it. */
export const READ_MS = 200;
/** How many records GetRecords is asked for, even if fewer are wanted now: with 5 calls a second, fewer could not keep up with a full shard. */
export const READ_RECORDS = 1_000;
/** How long to wait before an empty shard is read again. The developer guide asks for 1 second between calls. */
export const IDLE_MS = 1_000;
/** Iterators expire 5 minutes after they were given. */
export const ITERATOR_MS = 5 * MINUTE;
/** SubscribeToShard: a second call for the same consumer and shard is refused for 5 seconds after the first. */
export const RESUBSCRIBE_MS = 5 * SECOND;
/** SubscribeToShard sends events at least this often, some of them empty. Longer silence means a dead connection. */
export const SILENCE_MS = 30 * SECOND;

/** One PutRecords can carry ten times a shard's megabyte a second. More calls at once would only wait inside the process. */
export const SENDS_AT_ONCE = 10;
/** The back-off of a throttled shard: full jitter below a bound that starts here and doubles up to the next value. */
export const THROTTLED_MS = 250;
export const MAX_THROTTLED_MS = 4 * SECOND;
/** How long a description of a stream's shards and settings is used. */
export const DESCRIBE_MS = 5 * MINUTE;

/** Enough to upload 10 MiB over a slow connection. */
export const CALL_TIMEOUT_MS = 30 * SECOND;
