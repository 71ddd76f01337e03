import type { Capabilities, SenderDriver, Sent, WireMessage } from "../../driver/index.ts";
import type { MessagingError } from "../../api/errors.ts";
import type { InLine } from "../../base/line.ts";
import type { OpenSender } from "./sender-slot.ts";

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
  const { many, index } = item;
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
}

export type Make = (capabilities: Capabilities) => WireMessage;

/** What may have come to pass of an item. */
const ADMITTED = 1;
const GATED = 2;
const STARTED = 4;
const FINISHED = 8;
const AMBIGUOUS = 16;

/** The messages of one order key that are not settled, in call order. */
export interface Lane {
  head: Item;
  tail: Item;
}

/** What few items need: those of a key, and those with a signal. */
class Rare {
  unlisten: (() => void) | undefined = undefined;
  lane: Lane | undefined = undefined;
  behind: Item | undefined = undefined;
}

const put = (progress: number, what: number, is: boolean): number => (is ? progress | what : progress & ~what);

/**
 * One message until it is accepted or has failed: what it is, who is told, and how far it is. Every field is set here, in one
 * order: the engine is fast with items of one shape. There are as many as are published in a tick: fields are few, and no method is
 * private, which would be another field.
 */
export abstract class Item implements InLine<Item> {
  /** Set when it is submitted (monotonic, whole milliseconds). */
  deadline = 0;
  message: WireMessage | undefined = undefined;
  madeFor: Capabilities | undefined = undefined;
  /** As the driver counts; -1: not yet counted. */
  size = -1;
  attempts = 0;
  call: Call | undefined = undefined;
  /** The last attempt's failure. */
  error: MessagingError | undefined = undefined;
  /** All unresolved items, oldest first. */
  older: Item | undefined = undefined;
  newer: Item | undefined = undefined;
  /** In line to be sent. */
  following: Item | undefined = undefined;
  #progress = 0;
  #rare: Rare | undefined = undefined;

  /** Counts against the pending limit. */
  get admitted(): boolean {
    return (this.#progress & ADMITTED) !== 0;
  }
  set admitted(is: boolean) {
    this.#progress = put(this.#progress, ADMITTED, is);
  }

  /** Waits for its gate. */
  get gated(): boolean {
    return (this.#progress & GATED) !== 0;
  }
  set gated(is: boolean) {
    this.#progress = put(this.#progress, GATED, is);
  }

  /** In the ready list, in back-off or in a call: not to be made ready again. */
  get started(): boolean {
    return (this.#progress & STARTED) !== 0;
  }
  set started(is: boolean) {
    this.#progress = put(this.#progress, STARTED, is);
  }

  get finished(): boolean {
    return (this.#progress & FINISHED) !== 0;
  }
  set finished(is: boolean) {
    this.#progress = put(this.#progress, FINISHED, is);
  }

  /** Sticky (C1): some attempt may have been accepted. */
  get ambiguous(): boolean {
    return (this.#progress & AMBIGUOUS) !== 0;
  }
  set ambiguous(is: boolean) {
    this.#progress = put(this.#progress, AMBIGUOUS, is);
  }

  get unlisten(): (() => void) | undefined {
    return this.#rare?.unlisten;
  }
  set unlisten(unlisten: (() => void) | undefined) {
    (this.#rare ??= new Rare()).unlisten = unlisten;
  }

  get lane(): Lane | undefined {
    return this.#rare?.lane;
  }
  set lane(lane: Lane | undefined) {
    (this.#rare ??= new Rare()).lane = lane;
  }

  /** The next one of the same key. */
  get behind(): Item | undefined {
    return this.#rare?.behind;
  }
  set behind(item: Item | undefined) {
    (this.#rare ??= new Rare()).behind = item;
  }

  /** What it counts against the pending limit: the body and an allowance for headers. */
  get weight(): number {
    return this.bodyLength + HEADER_WEIGHT;
  }

  abstract get key(): string | undefined;
  abstract get bodyLength(): number;

  /** The message's id, for errors. */
  abstract get id(): string | undefined;
  /** What it is on the wire of this driver. */
  abstract make(capabilities: Capabilities, driver: SenderDriver | undefined): WireMessage;
  /** Called once: accepted, or failed. */
  abstract done(error: MessagingError | undefined, sent: Accepted | undefined): void;

  get signal(): AbortSignal | undefined {
    return undefined;
  }

  get gate(): PromiseLike<unknown> | undefined {
    return undefined;
  }

  get timeoutMs(): number | undefined {
    return undefined;
  }

  get reserve(): boolean {
    return false;
  }

  get many(): Many | undefined {
    return undefined;
  }

  /** The place in `many`. */
  get index(): number {
    return 0;
  }
}

/**
 * One running `send` of the driver. A class, and emptied when it is over: the engine learns where literals and lists are made, and
 * puts those that lived long once where they are collected late, with all that they hold.
 */
export class Call {
  readonly items: Item[];
  readonly sender: OpenSender;
  readonly controller = new AbortController();
  /** Items somebody still waits for. */
  live: number;
  /** Given up: a driver that ignores its signal. */
  abandoned = false;
  grace: Disposable | undefined = undefined;

  constructor(items: Item[], sender: OpenSender) {
    this.items = items;
    this.sender = sender;
    this.live = items.length;
  }
}

/** A message that is made when it is given, and its promise. */
export class GivenItem extends Item {
  readonly key: string | undefined;
  readonly bodyLength: number;
  readonly #options: SendOptions;
  readonly #make: Make;
  readonly #resolve: (sent: Accepted) => void;
  readonly #reject: (error: unknown) => void;

  constructor(
    made: WireMessage,
    madeFor: Capabilities,
    make: Make,
    options: SendOptions,
    resolve: (sent: Accepted) => void,
    reject: (error: unknown) => void,
  ) {
    super();
    this.key = made.key;
    this.bodyLength = made.body.length;
    this.message = made;
    this.madeFor = madeFor;
    this.#make = make;
    this.#options = options;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  get id(): string | undefined {
    return this.#options.id;
  }

  override get signal(): AbortSignal | undefined {
    return this.#options.signal;
  }

  override get gate(): PromiseLike<unknown> | undefined {
    return this.#options.gate;
  }

  override get timeoutMs(): number | undefined {
    return this.#options.timeoutMs;
  }

  override get reserve(): boolean {
    return this.#options.reserve === true;
  }

  make(capabilities: Capabilities): WireMessage {
    return this.#make(capabilities);
  }

  done(error: MessagingError | undefined, sent: Accepted | undefined): void {
    if (sent === undefined) this.#reject(error);
    else this.#resolve(sent);
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
    // One that has grown old must not keep those after it alive.
    item.older = undefined;
    item.newer = undefined;
  }

  /** A copy: what is done to one item may remove others. */
  toArray(): Item[] {
    const all: Item[] = [];
    for (let item = this.oldest; item !== undefined; item = item.newer) all.push(item);
    return all;
  }
}
