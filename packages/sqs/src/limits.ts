/** SQS's own limits, from the API reference unless said otherwise. Times are milliseconds. */

/** The limit of body and attributes together (names, types, values), and of a whole batch. A queue can have a lower one. */
export const MAX_MESSAGE_BYTES = 1_048_576;
export const MIN_MESSAGE_BYTES = 1_024;
export const MAX_BATCH = 10;
/** Message attributes of one message; our `type` counts as one. */
export const MAX_ATTRIBUTES = 10;
export const MAX_ATTRIBUTE_NAME = 256;
/** Group and deduplication ids. */
export const MAX_ID = 128;
/** Queue names, `.fifo` included. */
export const MAX_NAME = 80;

export const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

/** The longest delay: for a message on standard queues, for a whole queue on both kinds. */
export const MAX_DELAY_MS = 15 * MINUTE;
/** The longest hold, counted from the receive. It includes extensions and retry delays. */
export const MAX_HOLD_MS = 43_200 * SECOND;
/** Reserved of the 12 hours, so that the calls themselves can arrive. */
export const HOLD_MARGIN_MS = 10 * SECOND;
/** Reserved of the 12 hours, for a handler that then asks for the longest retry delay. */
export const RETRY_MARGIN_MS = MINUTE;
export const MAX_WAIT_MS = 20 * SECOND;
/** How long a FIFO queue remembers a deduplication id, and a receive attempt id. */
export const DEDUP_MS = 5 * MINUTE;

export const MIN_RETENTION_MS = MINUTE;
export const MAX_RETENTION_MS = 14 * DAY;
export const DEFAULT_RETENTION_MS = 4 * DAY;

/**
 * The longest delay by hops: a day less than the longest retention, which counts from when the message was sent. For that day its
 * consumers may be away.
 */
export const MAX_HOPS_DELAY_MS = 13 * DAY;
/** Reserved of a delay queue's retention, for consumers that are away when a message is due. */
export const HOPS_SPARE_MS = DAY;

/** With a lower limit, SQS may give up a message that no consumer ever got, because a receive can count without being delivered (developer guide). */
export const MIN_RECEIVE_COUNT = 3;
export const MAX_RECEIVE_COUNT = 1_000;

/** Concurrent sends, each of up to ten messages. More would only wait in the process, whose client is saturated at about 1,400 requests a second. */
export const SENDS_AT_ONCE = 10;
/** The most concurrent polls of one queue. Core chooses how many run, by how many messages they return. */
export const POLLS_AT_ONCE = 10;

export const CALL_TIMEOUT_MS = 15 * SECOND;
/** The timeout of a poll. The first byte may come only after its whole wait. */
export const POLL_TIMEOUT_MS = MAX_WAIT_MS + 10 * SECOND;
