/** RabbitMQ's limits, by its documentation (4.x) and AMQP 0-9-1. */

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
const MIB = 2 ** 20;

/** `max_message_size` of RabbitMQ 4; 3.x has 128 MiB. */
export const MAX_MESSAGE_BYTES = 16 * MIB;
/** amqplib refuses a larger table of headers. */
export const MAX_HEADER_BYTES = 64 * 1024;
/** Of names: AMQP's short strings. */
export const MAX_NAME_BYTES = 255;
/** Pipelined confirms of one call, which is over when the last has come: small ones leave fewer waiting for it, and keep the broker busy. */
export const MAX_BATCH = 32;
export const SENDS_AT_ONCE = 32;
/** Messages under way on one channel before another is opened, and the most of them for one sender. */
export const UNANSWERED_A_CHANNEL = 128;
export const CHANNELS_TO_PUBLISH = 4;
export const MAX_HEADERS = 100;
/** Through the delay queues, the longest of which is 12 hours: it passes that one fourteen times. */
export const MAX_DELAY_MS = 7 * DAY;
/** `consumer_timeout`: a delivery not settled by then is taken away, with its channel. */
export const CONSUMER_TIMEOUT_MS = 30 * MINUTE;
/** Quorum queues take no larger prefetch. */
export const MAX_PREFETCH = 2_000;
/** RabbitMQ 4 gives up after 20 returns where no limit is set, and drops what has no dead-letter queue. */
export const NO_DELIVERY_LIMIT = 1_000_000_000;
export const PARTITIONS = 4;
/** Kept until consumed; a number can be printed where infinity can't. */
export const UNLIMITED_MS = 100 * 365 * DAY;
/** How long one call to the broker may take before the connection is taken for dead. */
export const CALL_MS = 15 * SECOND;
