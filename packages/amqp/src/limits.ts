/** RabbitMQ's limits, from its documentation (4.x) and AMQP 0-9-1, and our own. */

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
const MIB = 2 ** 20;

/** Default of `max_message_size` in RabbitMQ 4. In 3.x it is 128 MiB. */
export const MAX_MESSAGE_BYTES = 16 * MIB;
/** The most bytes of headers that amqplib encodes. */
export const MAX_HEADER_BYTES = 64 * 1024;
/** The most bytes of a name, which is a short string of AMQP. */
export const MAX_NAME_BYTES = 255;
/** The most messages of one `send` call. A call ends when its last confirm has come, so in a smaller call fewer messages wait for others. */
export const MAX_BATCH = 32;
export const SENDS_AT_ONCE = 32;
/** With this many unconfirmed messages on its channels, a sender opens another one. */
export const UNANSWERED_A_CHANNEL = 128;
/** The most channels of one sender. */
export const CHANNELS_TO_PUBLISH = 4;
export const MAX_HEADERS = 100;
/** The longest delay. The longest delay queue holds a message for 12 hours, so seven days take fourteen rounds. */
export const MAX_DELAY_MS = 7 * DAY;
/** Default of `consumer_timeout`, after which the broker closes the channel of a delivery that is not settled. */
export const CONSUMER_TIMEOUT_MS = 30 * MINUTE;
/** The largest prefetch of a quorum queue. */
export const MAX_PREFETCH = 2_000;
/** The limit of a queue without dead letters. If it had none, RabbitMQ 4 would drop a message after 20 returns. */
export const NO_DELIVERY_LIMIT = 1_000_000_000;
export const PARTITIONS = 4;
/** A message is kept until it is consumed. A number, because infinity cannot be printed as a duration. */
export const UNLIMITED_MS = 100 * 365 * DAY;
/** How long a call to the broker may take. After that the connection counts as dead. */
export const CALL_MS = 15 * SECOND;
