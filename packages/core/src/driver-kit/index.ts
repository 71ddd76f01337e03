/** Optional helpers for adapter authors. */
export { causesOf } from "../base/causes.ts";
export { Deque } from "../base/deque.ts";
export { formatDuration, parseDuration } from "../api/duration.ts";
export { fromFault, isMessagingError, MessagingError } from "../api/errors.ts";
export { ATTRIBUTES as ENVELOPE_ATTRIBUTES, type Attribute, DEAD_ATTRIBUTES } from "../wire/attribute-table.ts";
export { charsetOf, readForeign } from "../wire/foreign-message.ts";
export { networkFault, type NetworkHints } from "./network-fault.ts";
export { isLoopback, originProblem, withoutScheme } from "./endpoint.ts";
export { LinkedList, type Listed } from "../base/linked-list.ts";
export { type Linked, LinkedQueue } from "../base/linked-queue.ts";
export { guarded } from "../base/guarded.ts";
export { loadPeer } from "./peer.ts";
export { quotedWords } from "../base/quoted-words.ts";
export { capturedContext, outside } from "../runtime/async-context.ts";
export { anySignal } from "../runtime/any-signal.ts";
export { sleepOver } from "../runtime/sleep.ts";
export { excerpt, oneLine } from "../wire/text.ts";
export { within } from "../runtime/within.ts";
