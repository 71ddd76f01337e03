import type { Capabilities, SenderDriver, Sent, WireMessage } from "../driver.ts";
import type { MessagingError } from "../errors.ts";
import type { Call } from "./call.ts";
import type { Lane } from "./key-lanes.ts";

export type Accepted = Extract<Sent, { id: string }>;

/** Headers of a message, roughly, against `maxPendingBytes`. */
const HEADER_WEIGHT = 300;

/** The items of one `publishMany`: what decides which keys of it are blocked. */
export interface Many {
  /** By key, the place of the first item that failed for good: it blocks those after it. */
  readonly failed: Map<string, number>;
}

export function markFailed(many: Many, key: string | undefined, index: number): void {
  if (key === undefined) return;
  const first = many.failed.get(key);
  if (first === undefined || index < first) many.failed.set(key, index);
}

export function isBlocked(item: Item): boolean {
  const { many, index = 0 } = item.request;
  if (many === undefined || item.key === undefined) return false;
  return (many.failed.get(item.key) ?? Number.POSITIVE_INFINITY) < index;
}

export interface SendOptions {
  /** Ends the wait: certain failure while the message was not handed over, ambiguous from then on. */
  readonly signal?: AbortSignal | undefined;
  /** Default: the plan's. */
  readonly timeoutMs?: number | undefined;
  /** The message's id, for errors. */
  readonly id?: string | undefined;
  /** A dead-letter copy: may use the 4 KiB of the limit that others leave free (C15). */
  readonly reserve?: boolean;
  /** Takes its place in the order of its key now, is sent once this is fulfilled, and fails when it rejects. */
  readonly gate?: PromiseLike<unknown> | undefined;
  /** What the message will be: it is then made when it is sent, not before. */
  readonly known?: { readonly key: string | undefined; readonly bytes: number } | undefined;
  readonly many?: Many | undefined;
  /** The place in `many`. */
  readonly index?: number | undefined;
}

export type Make = (capabilities: Capabilities) => WireMessage;

/** One message on its way in: how it is sent, and who is told. */
export interface Request extends SendOptions {
  /** What it is on the wire of this driver. */
  make(capabilities: Capabilities, driver: SenderDriver | undefined): WireMessage;
  /** Called once: accepted, or failed. */
  done(error: MessagingError | undefined, sent: Accepted | undefined): void;
}

/** One message until it is accepted or has failed. Every field is set here: items of one shape are what the engine is fast with. */
export class Item {
  readonly request: Request;
  message: WireMessage | undefined;
  madeFor: Capabilities | undefined;
  /** As the driver counts; -1: not yet counted. */
  size = -1;
  /** What it counts against the pending limit: the body and an allowance for headers. */
  readonly weight: number;
  readonly key: string | undefined;
  readonly deadline: number;
  attempts = 0;
  admitted = false;
  gated: boolean;
  finished = false;
  /** In the ready list, in back-off or in a call: not to be made ready again. */
  started = false;
  call: Call | undefined = undefined;
  /** Sticky (C1): some attempt may have been accepted. */
  ambiguous = false;
  /** The last attempt's failure. */
  error: MessagingError | undefined = undefined;
  unlisten: (() => void) | undefined = undefined;
  /** All unresolved items, oldest first. */
  older: Item | undefined = undefined;
  newer: Item | undefined = undefined;
  lane: Lane | undefined = undefined;
  /** The next one of the same key. */
  behind: Item | undefined = undefined;

  /** `capabilities`: what to make the message for now, where the request does not say what it will be. */
  constructor(request: Request, deadline: number, capabilities: Capabilities) {
    const { known } = request;
    this.request = request;
    this.deadline = deadline;
    this.gated = request.gate !== undefined;
    if (known === undefined) {
      this.message = request.make(capabilities, undefined);
      this.madeFor = capabilities;
      this.weight = this.message.body.length + HEADER_WEIGHT;
      this.key = this.message.key;
    } else {
      this.message = undefined;
      this.madeFor = undefined;
      this.weight = known.bytes + HEADER_WEIGHT;
      this.key = known.key;
    }
  }
}

/** All unresolved items in call order, with O(1) removal. */
export class ItemList {
  oldest: Item | undefined;
  newest: Item | undefined;

  add(item: Item): void {
    item.older = this.newest;
    if (this.newest === undefined) this.oldest = item;
    else this.newest.newer = item;
    this.newest = item;
  }

  remove(item: Item): void {
    if (item.older === undefined) this.oldest = item.newer;
    else item.older.newer = item.newer;
    if (item.newer === undefined) this.newest = item.older;
    else item.newer.older = item.older;
  }

  /** A copy: what is done to one item may remove others. */
  toArray(): Item[] {
    const all: Item[] = [];
    for (let item = this.oldest; item !== undefined; item = item.newer) all.push(item);
    return all;
  }
}
