import type { Capabilities, SenderDriver, Sent, WireMessage } from "../../driver/index.ts";
import type { MessageTrace } from "../../api/telemetry.ts";
import { readTrace } from "../../wire/trace.ts";
import type { MessagingError } from "../../api/errors.ts";
import type { Listed } from "../../base/linked-list.ts";
import type { Linked } from "../../base/linked-queue.ts";
import type { OpenSender } from "./sender-slot.ts";

export type Accepted = Extract<Sent, { id: string }>;

/** Bytes counted for the headers of a message against `maxPendingBytes`: a rough estimate. */
const HEADER_WEIGHT = 300;

/** What the messages of one `publishMany` share: which of its keys are blocked. */
export interface Many {
  /** By key, the index of the first message that failed for good. It blocks the later messages of its key. */
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
  /** Aborts the send. The failure is certain while the message is not with the driver, and ambiguous from then on. */
  readonly signal?: AbortSignal | undefined;
  /** Default: `timeoutMs` of the publish plan. */
  readonly timeoutMs?: number | undefined;
  /** The message's id, for errors. */
  readonly id?: string | undefined;
  /** True for a dead-letter copy, which may use the 4 KiB that other messages leave free (C15). */
  readonly reserve?: boolean;
  /** The trace context that it carries, for telemetry. Default: what its headers say. */
  readonly trace?: MessageTrace | undefined;
  /** The message takes its place in the order of its key at once, is sent when this promise fulfils and fails when it rejects. */
  readonly gate?: PromiseLike<unknown> | undefined;
}

export type Make = (capabilities: Capabilities) => WireMessage;

/** Bits of a message's progress. */
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

/** State that only messages with a key need. */
class OptionalState {
  lane: Lane | undefined = undefined;
  behind: OutgoingMessage | undefined = undefined;
}

const put = (progress: number, what: number, is: boolean): number => (is ? progress | what : progress & ~what);

/**
 * One message from submission until it is accepted or has failed. All messages have the same few fields in the same order
 * (docs/v8.md#one-shape).
 */
export abstract class OutgoingMessage implements Linked<OutgoingMessage>, Listed<OutgoingMessage> {
  /** Set on submission; monotonic, in whole milliseconds. */
  deadline = 0;
  /** The message encoded for the capabilities in {@link wireFor}. */
  wire: WireMessage | undefined = undefined;
  wireFor: Capabilities | undefined = undefined;
  /** Bytes as the driver counts them; -1 until counted. */
  size = -1;
  attempts = 0;
  call: SendCall | undefined = undefined;
  /** The last attempt's failure. */
  error: MessagingError | undefined = undefined;
  /** Links of the list of all unresolved messages, oldest first. */
  older: OutgoingMessage | undefined = undefined;
  newer: OutgoingMessage | undefined = undefined;
  /** Link of the queue of messages to send. */
  next: OutgoingMessage | undefined = undefined;
  #progress = 0;
  #optional: OptionalState | undefined = undefined;

  /** True if it counts against the pending limits. */
  get admitted(): boolean {
    return (this.#progress & ADMITTED) !== 0;
  }
  set admitted(is: boolean) {
    this.#progress = put(this.#progress, ADMITTED, is);
  }

  /** True while it waits for its {@link gate}. */
  get gated(): boolean {
    return (this.#progress & GATED) !== 0;
  }
  set gated(is: boolean) {
    this.#progress = put(this.#progress, GATED, is);
  }

  /** True once the send loop has it: queued, in back-off or in a call. */
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

  /** True once some attempt may have been accepted. Never reset (C1). */
  get ambiguous(): boolean {
    return (this.#progress & AMBIGUOUS) !== 0;
  }
  set ambiguous(is: boolean) {
    this.#progress = put(this.#progress, AMBIGUOUS, is);
  }

  get lane(): Lane | undefined {
    return this.#optional?.lane;
  }
  set lane(lane: Lane | undefined) {
    (this.#optional ??= new OptionalState()).lane = lane;
  }

  /** The next message of the same key. */
  get behind(): OutgoingMessage | undefined {
    return this.#optional?.behind;
  }
  set behind(message: OutgoingMessage | undefined) {
    (this.#optional ??= new OptionalState()).behind = message;
  }

  /** Bytes counted against `maxPendingBytes`: the body and an allowance for headers. */
  get weight(): number {
    return this.bodyLength + HEADER_WEIGHT;
  }

  abstract get key(): string | undefined;
  abstract get bodyLength(): number;

  /** The message's id, for errors. */
  abstract get id(): string | undefined;
  /** Encodes the message for a driver. */
  abstract make(capabilities: Capabilities, driver: SenderDriver | undefined): WireMessage;
  /** Called once, when the message is accepted or has failed. */
  abstract done(error: MessagingError | undefined, sent: Accepted | undefined): void;

  /** The trace context that it carries, for telemetry. */
  get trace(): MessageTrace | undefined {
    return this.wire === undefined ? undefined : readTrace(this.wire.headers);
  }

  /** What a pipeline has made of the body, for errors. */
  get sizes(): string | undefined {
    return undefined;
  }

  /** The size in bytes above which the body is to be stored elsewhere, if it can be. */
  get storeAbove(): number {
    return Number.POSITIVE_INFINITY;
  }

  /** The most bytes that the message can have once its body is stored elsewhere. Undefined if it cannot be, or was. */
  sizeOnceStored(_capabilities: Capabilities, _driver: SenderDriver): number | undefined {
    return undefined;
  }

  /** Stores the body elsewhere. Undefined if that is not possible, or was done. It rejects if it fails. */
  store(): Promise<void> | undefined {
    return undefined;
  }

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

  /** The index in `many`. */
  get index(): number {
    return 0;
  }
}

/**
 * One running `send` call of the driver. A class that is emptied at its end (docs/v8.md#pretenuring).
 */
export class SendCall {
  readonly messages: OutgoingMessage[];
  readonly sender: OpenSender;
  readonly controller = new AbortController();
  /** Messages whose callers still wait. */
  live: number;
  /** Given up because the driver ignored its abort signal. */
  abandoned = false;
  grace: Disposable | undefined = undefined;

  constructor(messages: OutgoingMessage[], sender: OpenSender) {
    this.messages = messages;
    this.sender = sender;
    this.live = messages.length;
  }
}

/** A message whose wire form exists before it is submitted, and the promise of its result. */
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

  override get trace(): MessageTrace | undefined {
    return this.#options.trace ?? super.trace;
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
