/** Helpers for adapter authors; nothing here is required. */
export { Deque } from "../deque.ts";
export { formatDuration, parseDuration } from "../duration.ts";
export { isMessagingError, MessagingError } from "../errors.ts";
