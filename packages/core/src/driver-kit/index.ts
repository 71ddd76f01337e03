/** Helpers for adapter authors; nothing here is required. */
export { Deque } from "../deque.ts";
export { formatDuration, parseDuration } from "../duration.ts";
export { fromFault, isMessagingError, MessagingError } from "../errors.ts";
export { charsetOf, readForeign } from "../foreign-message.ts";
export { networkFault } from "../network-fault.ts";
export { isLoopback, originProblem } from "../origin.ts";
export { type InLine, Line } from "../line.ts";
export { guarded } from "../observe.ts";
export { loadPeer } from "../peer.ts";
export { quotedWords } from "../quoted-words.ts";
export { sleepOver } from "../sleep.ts";
export { excerpt, oneLine } from "../text.ts";
export { within } from "../within.ts";
