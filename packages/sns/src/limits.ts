/** SNS's own limits, from the API reference (client-sns 3.1169.0) unless said otherwise. */

/** Body and message attributes together; also the most one batch may carry. */
export const MAX_MESSAGE_BYTES = 1_048_576;
export const MIN_MESSAGE_BYTES = 1_024;
/** A topic that names no limit has this one. */
export const DEFAULT_MESSAGE_BYTES = 262_144;
/** The most subscriptions of a topic that takes more than 256 KiB. */
export const MAX_SUBSCRIPTIONS_LARGE = 100;
/** With raw delivery a message with more is discarded (developer guide, message attributes); our `type` counts as one. */
export const MAX_ATTRIBUTES = 10;
/** Topic names, `.fifo` included. */
export const MAX_NAME = 256;
/** Values in a filter policy, all keys multiplied (developer guide, filter policy constraints). */
export const MAX_FILTER_VALUES = 150;
