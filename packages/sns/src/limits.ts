/** SNS's own limits, from the API reference (client-sns 3.1169.0) unless said otherwise. */

/** The limit of body and attributes together, and of a whole batch. */
export const MAX_MESSAGE_BYTES = 1_048_576;
export const MIN_MESSAGE_BYTES = 1_024;
/** A topic that names no limit has this one. */
export const DEFAULT_MESSAGE_BYTES = 262_144;
/** The most subscriptions of a topic that takes more than 256 KiB. */
export const MAX_SUBSCRIPTIONS_LARGE = 100;
/** Raw delivery discards a message with more (developer guide, message attributes). Our `type` counts as one. */
export const MAX_ATTRIBUTES = 10;
/** Topic names, `.fifo` included. */
export const MAX_NAME = 256;
/** The most values in a filter policy, the counts of all keys multiplied (developer guide, filter policy constraints). */
export const MAX_FILTER_VALUES = 150;
