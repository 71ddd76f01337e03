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

/** Per message on standard queues; per queue on both kinds. */
export const MAX_DELAY_MS = 15 * MINUTE;
/** Counted from the receive: extensions and retry delays together. */
export const MAX_HOLD_MS = 43_200 * SECOND;
/** Kept back from the 12 hours, for the calls themselves to arrive. */
export const HOLD_MARGIN_MS = 10 * SECOND;
/** Kept back from the 12 hours, for a handler that then asks for the longest retry delay. */
export const RETRY_MARGIN_MS = MINUTE;
export const MAX_WAIT_MS = 20 * SECOND;
/** How long a FIFO queue remembers a deduplication id, and a receive attempt id. */
export const DEDUP_MS = 5 * MINUTE;

export const MIN_RETENTION_MS = MINUTE;
export const MAX_RETENTION_MS = 14 * DAY;
export const DEFAULT_RETENTION_MS = 4 * DAY;

/** With less, SQS may give up on a message that no consumer ever got: a receive can count and not be delivered (developer guide). */
export const MIN_RECEIVE_COUNT = 3;
export const MAX_RECEIVE_COUNT = 1_000;

/** Ten batches of ten at once. More would only wait inside the process, whose client is saturated near 1,400 requests a second. */
export const SENDS_AT_ONCE = 10;
/** The most polls of one queue at once. Core chooses how many run, by how much they bring. */
export const POLLS_AT_ONCE = 10;

export const CALL_TIMEOUT_MS = 15 * SECOND;
/** A poll can take its whole wait before the first byte comes. */
export const POLL_TIMEOUT_MS = MAX_WAIT_MS + 10 * SECOND;
