import type {
  Capabilities,
  Connection,
  Delivery,
  Destination,
  Fault,
  Lease,
  Outcome,
  ReceiverDriver,
  ReceiverOptions,
  Sent,
  SenderDriver,
  Settlement,
  WireMessage,
} from "../driver/index.ts";
import { encode, JSON_TYPE } from "../wire/codec.ts";
import type { MessagingEvent } from "../api/events.ts";
import type { ChannelPlan, GroupPlan, Policy } from "../plan/plan.ts";
import { SendQueue } from "../publish/queue/send-queue.ts";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { ConsumerShape, ConsumeShapeOptions } from "../api/shapes.ts";
import { type VirtualRuntime, virtualRuntime } from "../testing/virtual-runtime.ts";
import { Attempts } from "./lease/known-attempts.ts";
import { Budget } from "./lease/budget.ts";
import { describeError } from "./attempt/describe-error.ts";
import type { GroupContext } from "./lease/group-context.ts";
import { GroupRunner } from "./group/runner.ts";
import { Troubles } from "../base/troubles.ts";

/** A driver's error that says its own fault. */
export class Scripted extends Error {
  readonly fault: Fault;
  constructor(kind: Fault["kind"], code = `scripted-${kind}`) {
    super(code);
    this.fault = { kind, code };
  }
}

const CAPABILITIES: Capabilities = {
  ordering: "key",
  publishConfirm: "stored",
  publishDedupMs: 0,
  maxBatch: { count: 10, bytes: 1_000_000 },
  maxMessageBytes: 100_000,
  headers: 10,
  binary: true,
  concurrency: { send: 4, receive: 1 },
  delayedPublishMs: 900_000,
  retryDelayMs: 43_200_000,
  holdExtend: true,
  releaseWithoutPenalty: true,
  attempts: "exact",
  settleResult: "confirmed",
  deadLetter: "none",
  redrive: "group",
  replay: [],
  retentionMs: 345_600_000,
  filter: "none",
  fairness: false,
  groupMembership: "competing",
  fencingToken: false,
  poisonSkip: ["deadLetter", "skip", "block"],
  depth: "none",
  purge: false,
};

export interface Settled {
  readonly receipt: string;
  readonly action: Settlement["action"];
  readonly delayMs?: number;
}

/** One lease whose messages, answers and failures a test decides. */
class ScriptedLease implements Lease<string> {
  readonly id: string;
  readonly fencingToken = 7;
  readonly calls: Settled[][] = [];
  readonly asked: number[] = [];
  readonly extended: { readonly receipts: readonly string[]; readonly forMs: number }[] = [];
  released: string | undefined;
  /** What the next receives reject with. */
  readonly receiveFaults: unknown[] = [];
  /** Decides each settlement. */
  settleAnswer: (settlement: Settled) => Outcome = () => undefined;
  extendAnswer: (receipt: string) => Outcome = () => undefined;
  readonly #lost = new AbortController();
  readonly #ready: Delivery<string>[] = [];
  #wake: (() => void)[] = [];
  #ended = false;
  readonly #runtime: VirtualRuntime;

  constructor(runtime: VirtualRuntime, id = "lease") {
    this.#runtime = runtime;
    this.id = id;
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  get settled(): Settled[] {
    return this.calls.flat();
  }

  lose(): void {
    this.#lost.abort();
    this.#poke();
  }

  end(): void {
    this.#ended = true;
    this.#poke();
  }

  push(...deliveries: Delivery<string>[]): void {
    this.#ready.push(...deliveries);
    this.#poke();
  }

  fail(cause: unknown): void {
    this.receiveFaults.push(cause);
    this.#poke();
  }

  async receive(max: number, waitMs: number, signal: AbortSignal): Promise<readonly Delivery<string>[] | null> {
    this.asked.push(max);
    const until = this.#runtime.monotonic() + waitMs;
    for (;;) {
      const fault = this.receiveFaults.shift();
      if (fault !== undefined) throw fault;
      if (this.#ready.length > 0) return this.#ready.splice(0, max);
      if (this.#ended) return null;
      const left = until - this.#runtime.monotonic();
      if (left <= 0 || signal.aborted || this.lost.aborted) return [];
      await this.#change(left, signal);
    }
  }

  async settle(batch: readonly Settlement<string>[]): Promise<readonly Outcome[]> {
    const settled = batch.map((each) => ({
      receipt: each.receipt,
      action: each.action,
      ...(each.action === "retry" ? { delayMs: each.delayMs } : {}),
    }));
    this.calls.push(settled);
    return settled.map((each) => this.settleAnswer(each));
  }

  async extend(receipts: readonly string[], forMs: number): Promise<readonly Outcome[]> {
    this.extended.push({ receipts, forMs });
    return receipts.map((receipt) => this.extendAnswer(receipt));
  }

  async release(reason: "drained" | "stopping"): Promise<void> {
    this.released = reason;
  }

  #poke(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }

  async #change(ms: number, signal: AbortSignal): Promise<void> {
    const stop = new AbortController();
    signal.addEventListener("abort", () => stop.abort(), { once: true });
    this.#wake.push(() => stop.abort());
    await this.#runtime.sleep(ms, stop.signal);
  }
}

export interface RigOptions {
  readonly capabilities?: Partial<Capabilities>;
  readonly plan?: Partial<GroupPlan>;
  readonly policy?: Partial<Policy>;
  readonly ordered?: boolean;
  readonly handler?: (data: any, delivery: any) => unknown;
  readonly batch?: (batch: any) => unknown;
  readonly options?: ConsumeShapeOptions;
  readonly schema?: StandardSchemaV1;
  /** What `connection.receiver` throws, in turn, before it opens. */
  readonly openFaults?: unknown[];
  /** What an opening waits for. */
  readonly opening?: (options: ReceiverOptions) => Promise<void>;
  /** What the dead-letter destination answers to each copy; undefined: accepted. */
  readonly deadAnswer?: (message: WireMessage) => unknown;
  readonly drainMs?: number;
  readonly observed?: boolean;
}

const anything: StandardSchemaV1 = {
  "~standard": { version: 1, vendor: "test", validate: (value) => ({ value }) },
};

/** A group runner over scripted leases, on the virtual clock. */
export function rig(options: RigOptions = {}) {
  const runtime = virtualRuntime();
  const events: MessagingEvent[] = [];
  const dead: WireMessage[] = [];
  const leases = [new ScriptedLease(runtime)];
  const capabilities = { ...CAPABILITIES, ...options.capabilities };
  const openFaults = [...(options.openFaults ?? [])];
  let opens = 0;
  let joined = () => {};
  /** Another lease comes. */
  const join = (): ScriptedLease => {
    const lease = new ScriptedLease(runtime, `lease-${leases.length + 1}`);
    leases.push(lease);
    joined();
    return lease;
  };
  const receiver = (): ReceiverDriver<string> => {
    const closed = new AbortController();
    return {
      capabilities,
      async *leases(signal) {
        const over = AbortSignal.any([signal, closed.signal]);
        for (let at = 0; !over.aborted; ) {
          const next = leases[at];
          if (next === undefined) {
            const come = new AbortController();
            joined = () => come.abort();
            await runtime.sleep(Number.MAX_SAFE_INTEGER, AbortSignal.any([over, come.signal]));
          } else {
            at++;
            yield next;
          }
        }
      },
      close: async () => closed.abort(),
    };
  };
  const sender: SenderDriver = {
    capabilities,
    size: (message) => message.body.length,
    async send(batch): Promise<Sent[]> {
      return batch.map((message) => {
        const cause = options.deadAnswer?.(message);
        if (cause !== undefined) return { cause };
        dead.push(message);
        return { id: `dead-${dead.length}` };
      });
    },
    close: async () => {},
  };
  const connection: Connection = {
    sender: async () => sender,
    receiver: async (_from, given) => {
      opens++;
      await options.opening?.(given);
      const fault = openFaults.shift();
      if (fault !== undefined) throw fault;
      return receiver();
    },
    classify: (cause) => (cause instanceof Scripted ? cause.fault : { kind: "retryable", code: "unknown" }),
    close: async () => {},
  };
  const ordered = options.ordered ?? false;
  const from: Destination = {
    channel: "orders",
    base: "t_orders",
    name: "t_orders_g",
    model: "queue",
    ordered,
    group: "g",
    native: {},
  };
  const deadLetter: Destination = { ...from, name: "t_orders_g_dead", dead: true };
  const policy: Policy = {
    retry: { attempts: 3, backoff: "constant", firstMs: 1_000, maxMs: 60_000 },
    errors: {},
    exhausted: "deadLetter",
    ...options.policy,
  };
  const plan: GroupPlan = {
    group: "g",
    from,
    deadLetter,
    policy,
    concurrency: 10,
    maxInFlight: 20,
    maxInFlightBytes: 1_000_000,
    holdMs: 60_000,
    start: "earliest",
    batch: { size: 10, waitMs: 0 },
    capabilities,
    ...options.plan,
  };
  const publish = { timeoutMs: 5_000, maxPending: 100, maxPendingBytes: 1_000_000, whenFull: "wait" as const };
  const channelPlan = {
    channel: "orders",
    model: "queue",
    on: "c",
    ordered,
    to: from,
    groups: { g: plan },
    publish,
    capabilities,
  } as ChannelPlan;
  const consumer: ConsumerShape = {
    kind: options.batch === undefined ? "single" : "batch",
    channel: { name: "orders", messages: { m: options.schema ?? anything }, needs: {} },
    group: "g",
    handlers: options.handler === undefined ? {} : { m: options.handler },
    ...(options.batch === undefined ? {} : { handler: options.batch }),
    options: options.options ?? {},
  };
  const observe = (event: MessagingEvent) => void events.push(event);
  const context: GroupContext = {
    consumer,
    channel: channelPlan,
    plan,
    physicalName: `${from.name}.fifo`,
    runtime,
    connection,
    budget: new Budget(plan.maxInFlight, plan.maxInFlightBytes),
    attempts: new Attempts(),
    troubles: new Troubles(runtime),
    deadLetters: new SendQueue({
      destination: deadLetter,
      physicalName: `${deadLetter.name}.fifo`,
      connection,
      runtime,
      plan: publish,
      expected: capabilities,
      observe,
      about: { channel: "orders" },
    }),
    emit: (event) => observe(event as MessagingEvent),
    describe: describeError,
    observed: options.observed ?? false,
    traced: false,
    watched: options.observed ?? false,
  };
  let made = 0;
  const message = (
    data: unknown,
    extra: {
      key?: string;
      attempt?: number;
      deadlineMs?: number;
      lastMs?: number;
      expiresAt?: number;
      receipt?: string;
    } = {},
  ): Delivery<string> => {
    const receipt = extra.receipt ?? `r${++made}`;
    const envelope = {
      id: `id-${receipt}`,
      source: "test",
      type: "m",
      time: runtime.now(),
      hop: 0,
      contentType: JSON_TYPE,
      headers: {},
      ...(extra.key === undefined ? {} : { key: extra.key }),
      ...(extra.expiresAt === undefined ? {} : { expiresAt: extra.expiresAt }),
    };
    return {
      id: `broker-${receipt}`,
      receipt,
      raw: undefined,
      message: encode(envelope, data, capabilities),
      attempt: extra.attempt ?? 1,
      ...(extra.deadlineMs === undefined ? {} : { deadline: runtime.monotonic() + extra.deadlineMs }),
      ...(extra.lastMs === undefined ? {} : { lastDeadline: runtime.monotonic() + extra.lastMs }),
    };
  };
  const runner = new GroupRunner(context, options.drainMs ?? 25_000);
  const stop = (ms: number) => {
    const deadline = new AbortController();
    runtime.timer(ms, () => deadline.abort());
    return runner.stop(deadline.signal);
  };
  return {
    runtime,
    runner,
    stop,
    leases,
    join,
    lease: leases[0] as ScriptedLease,
    events,
    dead,
    message,
    context,
    opens: () => opens,
  };
}

/** A promise a test resolves. */
export function gate(): { readonly promise: Promise<void>; readonly open: () => void } {
  let open!: () => void;
  const promise = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { promise, open };
}
