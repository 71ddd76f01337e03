import type { Capabilities, SenderDriver, Sent, WireMessage } from "../../driver/index.ts";
import type { MessagingError } from "../../api/errors.ts";
import type { Listed } from "../../base/linked-list.ts";
import type { Linked } from "../../base/linked-queue.ts";
import type { OpenSender } from "./sender-slot.ts";

export type Accepted = Extract<Sent, { id: string }>;

/** Headers of a message, roughly, against `maxPendingBytes`. */
const HEADER_WEIGHT = 300;

/** The messages of one `publishMany`: what decides which keys of it are blocked. */
export interface Many {
  /** By key, the place of the first message that failed for good: it blocks those after it. */
  readonly failed: Map<string, number>;
}

export function markFailed(many: Many, key: string | undefined, index: number): void {
  if (key === undefined) return;
  const first = many.failed.get(key);
  if (first === undefined || index < first) many.failed.set(key, index);
}

export function isBlocked(message: OutgoingMessage): boolean {
  const { many, index } = message;
  if (many === undefined || message.key === undefined) return false;
  return (many.failed.get(message.key) ?? Number.POSITIVE_INFINITY) < index;
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

/** What may have come to pass of an message. */
const ADMITTED = 1;
const GATED = 2;
const STARTED = 4;
const FINISHED = 8;
const AMBIGUOUS = 16;

/** The messages of one order key that are not settled, in call order. */
export interface Lane {
  head: OutgoingMessage;
  tail: OutgoingMessage;
}

/** What few messages need: those of a key, and those with a signal. */
class OptionalState {
  unlisten: (() => void) | undefined = undefined;
  lane: Lane | undefined = undefined;
  behind: OutgoingMessage | undefined = undefined;
}

const put = (progress: number, what: number, is: boolean): number => (is ? progress | what : progress & ~what);

/**
 * One message until it is accepted or has failed: what it is, who is told, and how far it is. All messages have the same fields in
 * the same order, and as few as possible (docs/v8.md#one-shape).
 */
export abstract class OutgoingMessage implements Linked<OutgoingMessage>, Listed<OutgoingMessage> {
  /** Set when it is submitted (monotonic, whole milliseconds). */
  deadline = 0;
  /** As it is written for {@link wireFor}. */
  wire: WireMessage | undefined = undefined;
  wireFor: Capabilities | undefined = undefined;
  /** As the driver counts; -1: not yet counted. */
  size = -1;
  attempts = 0;
  call: SendCall | undefined = undefined;
  /** The last attempt's failure. */
  error: MessagingError | undefined = undefined;
  /** All unresolved messages, oldest first. */
  older: OutgoingMessage | undefined = undefined;
  newer: OutgoingMessage | undefined = undefined;
  /** In line to be sent. */
  next: OutgoingMessage | undefined = undefined;
  #progress = 0;
  #optional: OptionalState | undefined = undefined;

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
    return this.#optional?.unlisten;
  }
  set unlisten(unlisten: (() => void) | undefined) {
    (this.#optional ??= new OptionalState()).unlisten = unlisten;
  }

  get lane(): Lane | undefined {
    return this.#optional?.lane;
  }
  set lane(lane: Lane | undefined) {
    (this.#optional ??= new OptionalState()).lane = lane;
  }

  /** The next one of the same key. */
  get behind(): OutgoingMessage | undefined {
    return this.#optional?.behind;
  }
  set behind(message: OutgoingMessage | undefined) {
    (this.#optional ??= new OptionalState()).behind = message;
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
 * One running `send` of the driver. A class, and emptied when it is over (docs/v8.md#pretenuring).
 */
export class SendCall {
  readonly messages: OutgoingMessage[];
  readonly sender: OpenSender;
  readonly controller = new AbortController();
  /** Items somebody still waits for. */
  live: number;
  /** Given up: a driver that ignores its signal. */
  abandoned = false;
  grace: Disposable | undefined = undefined;

  constructor(messages: OutgoingMessage[], sender: OpenSender) {
    this.messages = messages;
    this.sender = sender;
    this.live = messages.length;
  }
}

/** A message that is made when it is given, and its promise. */
export class GivenMessage extends OutgoingMessage {
  readonly key: string | undefined;
  readonly bodyLength: number;
  readonly #options: SendOptions;
  readonly #make: Make;
  readonly #resolve: (sent: Accepted) => void;
  readonly #reject: (error: unknown) => void;

  constructor(
    made: WireMessage,
    wireFor: Capabilities,
    make: Make,
    options: SendOptions,
    resolve: (sent: Accepted) => void,
    reject: (error: unknown) => void,
  ) {
    super();
    this.key = made.key;
    this.bodyLength = made.body.length;
    this.wire = made;
    this.wireFor = wireFor;
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
