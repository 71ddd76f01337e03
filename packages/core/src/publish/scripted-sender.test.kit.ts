/** A sender whose answers a test writes, one for each call; beyond the script every message is accepted. */
import type { Capabilities, Connection, Destination, Fault, SenderDriver, Sent, WireMessage } from "../driver/index.ts";
import { expect } from "vitest";
import { isMessagingError, type MessagingError } from "../api/errors.ts";
import type { MessagingEvent } from "../api/events.ts";
import type { PublishPlan } from "../plan/plan.ts";
import { type VirtualRuntime, virtualRuntime } from "../testing/virtual-runtime.ts";
import { SendQueue, type SendOptions } from "./queue/send-queue.ts";

const CAPABILITIES: Capabilities = {
  ordering: "key",
  publishConfirm: "stored",
  publishDedupMs: 0,
  maxBatch: { count: 10, bytes: 262_144 },
  maxMessageBytes: 262_144,
  headers: 10,
  binary: false,
  concurrency: { send: 4, receive: 4 },
  delayedPublishMs: 900_000,
  retryDelayMs: 900_000,
  holdExtend: true,
  releaseWithoutPenalty: true,
  attempts: "exact",
  settleResult: "confirmed",
  deadLetter: "native",
  redrive: "group",
  replay: [],
  retentionMs: 345_600_000,
  filter: "none",
  fairness: true,
  groupMembership: "competing",
  fencingToken: false,
  poisonSkip: ["deadLetter"],
  depth: "exact",
  purge: true,
};

const DESTINATION: Destination = {
  channel: "orders",
  base: "test_orders",
  name: "test_orders_billing",
  model: "queue",
  ordered: true,
  group: "billing",
  native: {},
};

const PLAN: PublishPlan = { timeoutMs: 30_000, maxPending: 10_000, maxPendingBytes: 64 * 1_048_576, whenFull: "wait" };

export interface SeenCall {
  readonly bodies: readonly unknown[];
  readonly messages: readonly WireMessage[];
  readonly signal: AbortSignal;
  /** Virtual milliseconds since the start. */
  readonly at: number;
}

export type Answer = (batch: readonly WireMessage[], signal: AbortSignal) => Promise<readonly Sent[]>;

/** Faults as `classify` will name them. */
export const fault = (kind: Fault["kind"], code: string = kind, retryAfterMs?: number): Fault =>
  retryAfterMs === undefined ? { kind, code } : { kind, code, retryAfterMs };

export const accept: Answer = async (batch) => batch.map((_, i) => ({ id: `broker-${i}` }));
export const reject =
  (cause: Fault): Answer =>
  () =>
    Promise.reject(cause);
/** Never answers; rejects once aborted, as a good driver does. */
export const stall: Answer = (_, signal) =>
  new Promise((__, rejected) => signal.addEventListener("abort", () => rejected(signal.reason)));
/** Never answers, whatever happens. */
export const dead: Answer = () => new Promise(() => {});
/** By place in the batch; undefined is success. */
export const each =
  (...causes: readonly (Fault | undefined)[]): Answer =>
  async (batch) =>
    batch.map((_, i) => (causes[i] === undefined ? { id: `broker-${i}` } : { cause: causes[i] }));

/** An answer the test gives when it likes. */
export function held(): { readonly answer: Answer; release(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { answer: (batch, signal) => promise.then(() => accept(batch, signal)), release: resolve };
}

export interface Bench {
  readonly runtime: VirtualRuntime;
  readonly queue: SendQueue;
  readonly calls: SeenCall[];
  readonly script: Answer[];
  readonly opens: (() => Promise<void>)[];
  readonly events: MessagingEvent[];
  /** What every opening waits for. */
  opening: ((signal: AbortSignal) => Promise<unknown>) | undefined;
  readonly opened: () => number;
  readonly closed: () => number;
  readonly most: () => number;
}

export interface BenchOptions {
  readonly capabilities?: Partial<Capabilities>;
  readonly expected?: Partial<Capabilities>;
  readonly plan?: Partial<PublishPlan>;
  readonly size?: (message: WireMessage) => number;
  readonly fallback?: Answer;
}

export function bench(options: BenchOptions = {}): Bench {
  const runtime = virtualRuntime();
  const calls: SeenCall[] = [];
  const script: Answer[] = [];
  const opens: (() => Promise<void>)[] = [];
  const events: MessagingEvent[] = [];
  const capabilities = { ...CAPABILITIES, ...options.capabilities };
  let opened = 0;
  let closed = 0;
  let running = 0;
  let most = 0;
  const sender: SenderDriver = {
    capabilities,
    size: options.size ?? ((message) => message.body.length),
    send: async (batch, signal) => {
      most = Math.max(most, ++running);
      const bodies = batch.map((message) => JSON.parse(message.body as string));
      calls.push({ bodies, messages: batch, signal, at: runtime.elapsed });
      try {
        return await (script.shift() ?? options.fallback ?? accept)(batch, signal);
      } finally {
        running--;
      }
    },
    close: async () => {
      closed++;
    },
  };
  const connection: Connection = {
    sender: async (_to, signal) => {
      opened++;
      await at.opening?.(signal);
      await opens.shift()?.();
      return sender;
    },
    receiver: () => Promise.reject(new Error("not here")),
    classify: (cause, during) =>
      typeof cause === "object" && cause !== null && "kind" in cause
        ? (cause as Fault)
        : { kind: during === "send" ? "ambiguous" : "retryable", code: "unknown" },
    close: async () => {},
  };
  const queue = new SendQueue({
    destination: DESTINATION,
    physicalName: `${DESTINATION.name}.fifo`,
    connection,
    runtime,
    plan: { ...PLAN, ...options.plan },
    expected: { ...capabilities, ...options.expected },
    observe: (event) => events.push(event),
    about: { connection: "main", channel: "orders" },
  });
  const at: Bench = {
    runtime,
    queue,
    calls,
    script,
    opens,
    events,
    opening: undefined,
    opened: () => opened,
    closed: () => closed,
    most: () => most,
  };
  return at;
}

/** A message whose body is its name, as JSON. */
export const message = (name: string, key?: string): WireMessage => ({
  body: JSON.stringify(name),
  headers: {},
  dedup: `${name}:0`,
  ...(key === undefined ? {} : { key }),
});

export const send = (at: Bench, name: string, key?: string, options?: SendOptions) =>
  at.queue.send(() => message(name, key), { id: name, ...options });
/** The error, or a failure of the test. */
export const failed = (promise: Promise<unknown>): Promise<MessagingError> =>
  promise.then(
    () => expect.unreachable("it was accepted"),
    (error) => (isMessagingError(error) ? error : expect.unreachable(String(error))),
  );
export const names = (n: number, prefix = "m") => Array.from({ length: n }, (_, i) => `${prefix}${i}`);
