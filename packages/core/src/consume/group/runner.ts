import { STOPPED } from "../../base/stopped.ts";
import { reconnectMs } from "../../plan/backoff.ts";
import type { Fault, ReceiverDriver } from "../../driver/index.ts";
import { notAtRest } from "../../plan/at-rest.ts";
import { fromFault, isMessagingError, MessagingError } from "../../api/errors.ts";
import { HandlerPool } from "./handler-pool.ts";
import type { GroupContext } from "../lease/group-context.ts";
import { refuseNarrow } from "./check-resource.ts";
import { type GroupParts, loadParts } from "./parts.ts";
import { type Failure, Session } from "./session.ts";
import { needsPerson, type Trouble } from "../../base/troubles.ts";
import { Window } from "../lease/window.ts";
import { lessThanDeclared } from "../../plan/less-than-declared.ts";
import { within } from "../../runtime/within.ts";

/** Milliseconds `start()` tries to reach the broker before it gives up. Waits that the driver announced are added. */
const START_MS = 30_000;
/** Further milliseconds `start()` waits for a call whose own limit is just as long: its error says more than "no answer". */
const LAST_ANSWER_MS = 1_000;
/** Milliseconds after which a session counts as healthy: the next failure then starts the back-off from the beginning. */
const HEALTHY_MS = 10_000;
/** Milliseconds after the deadline for settlements in flight, and again for drivers to close. */
const GRACE_MS = 1_000;

const nothing = (): void => {};

export interface GroupStopped {
  readonly completed: number;
  readonly drained: number;
  readonly released: number;
  readonly abandoned: number;
}

/** Runs one consumer: opens its receiver, reopens it after a failure and stops it. */
export class GroupRunner {
  readonly context: GroupContext;
  readonly #pool: HandlerPool;
  readonly #window: Window;
  readonly #drainMs: number;
  readonly #opening = new AbortController();
  #parts: GroupParts | undefined;
  #session: Session | undefined;
  #main: Promise<void> | undefined;
  #problem: Trouble | undefined;
  /** Why the last opening or session failed. */
  #lastError: unknown;
  #receiving = false;
  /** While `start()` waits: moves its deadline. */
  #putOff: (ms: number) => void = nothing;
  /** While `start()` waits for the last answer: tells it that the answer has come. */
  #failedOnce: () => void = nothing;
  #stopping: Promise<GroupStopped> | undefined;

  constructor(context: GroupContext, drainMs: number) {
    this.context = context;
    this.#pool = new HandlerPool(context);
    this.#window = new Window(context.plan, context.runtime, context.consumer.kind === "batch");
    this.#drainMs = drainMs;
  }

  /** Why the consumer does not receive, in a sentence; undefined if nothing is wrong. */
  get problem(): string | undefined {
    return this.#problem?.text;
  }

  /** True while it receives. */
  get receiving(): boolean {
    return this.#receiving;
  }

  /** True if its receives have stopped for no reason that could pass. */
  get stuck(): boolean {
    return this.#session?.stuck(this.context.runtime.monotonic()) ?? false;
  }

  /** All current problems of the consumer, for `health()`. */
  troubles(): readonly Trouble[] {
    const gated = this.context.gate?.trouble();
    const others = gated === undefined ? this.context.troubles.list() : [gated, ...this.context.troubles.list()];
    if (this.#problem !== undefined) return [this.#problem, ...others];
    if (this.#main === undefined) {
      const text = `${this.#name} is registered and receives nothing: call start() or run()`;
      return [{ text, needsPerson: true }, ...others];
    }
    if (this.#receiving) return others;
    return [{ text: `${this.#name} does not receive yet: it is being opened`, needsPerson: false }, ...others];
  }

  /**
   * Resolves once the consumer receives. Rejects at once on a permanent failure, after {@link START_MS} on a transient one, and when
   * the consumer is stopped first.
   */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      const { runtime } = this.context;
      let timer: Disposable;
      let waited = false;
      let until = runtime.monotonic() + START_MS;
      const expired = () => {
        if (this.#problem === undefined && !waited) {
          waited = true;
          timer = runtime.timer(LAST_ANSWER_MS, expired);
          return;
        }
        this.#opening.abort();
        const last = this.problem ?? "no answer from the broker";
        reject(
          new MessagingError("start-timeout", `${this.#name} could not start within ${START_MS} ms: ${last}`, {
            kind: "retryable",
            cause: this.#lastError,
            ...this.#errorContext,
          }),
        );
      };
      timer = runtime.timer(START_MS, expired);
      const putOff = (ms: number) => {
        timer[Symbol.dispose]();
        until += ms;
        timer = runtime.timer(Math.max(until - runtime.monotonic(), 0), expired);
      };
      const failedOnce = () => {
        if (waited) expired();
      };
      // In variables first (docs/v8.md#functions-in-properties).
      this.#putOff = putOff;
      this.#failedOnce = failedOnce;
      const over = () => {
        this.#putOff = nothing;
        this.#failedOnce = nothing;
        timer[Symbol.dispose]();
      };
      this.#main = this.#run(
        () => {
          over();
          resolve();
        },
        (error) => {
          over();
          reject(error);
        },
      ).finally(() => {
        over();
        reject(
          new MessagingError("closed", `${this.#name} was stopped before it had started`, {
            kind: "closed",
            ...this.#errorContext,
          }),
        );
      });
    });
  }

  /** Starts a consumer that was added while others run. It tries until it receives or is stopped, as after a lost connection. */
  join(): void {
    this.#main = this.#run(nothing, nothing, true);
  }

  /** Stops receiving and waits for running handlers until `deadline` aborts. Idempotent. */
  stop(deadline: AbortSignal): Promise<GroupStopped> {
    this.#stopping ??= this.#stop(deadline);
    return this.#stopping;
  }

  /** Waits for `work` at most `ms` and ignores its failure. */
  async #within(ms: number, work: Promise<unknown> | undefined): Promise<void> {
    if (work !== undefined) await within(this.context.runtime, ms, work).catch(() => undefined);
  }

  get #name(): string {
    return `consumer "${this.context.plan.group}" of "${this.context.channel.channel}"`;
  }

  get #errorContext(): { channel: string; group: string } {
    return { channel: this.context.channel.channel, group: this.context.plan.group };
  }

  async #run(started: () => void, failed: (error: unknown) => void, running = false): Promise<void> {
    const { runtime } = this.context;
    let failures = 0;
    while (!this.#opening.signal.aborted) {
      const began = runtime.monotonic();
      const failure = await this.#once(() => {
        running = true;
        this.#problem = undefined;
        this.#receiving = true;
        started();
      });
      if (this.#opening.signal.aborted) return;
      this.#receiving = false;
      if (failure === undefined) {
        // All partitions of the stream have ended; there is nothing to read for now.
        await runtime.sleep(reconnectMs(1, runtime.random), this.#opening.signal);
        continue;
      }
      const error = isMessagingError(failure.cause)
        ? failure.cause
        : fromFault(failure.fault, this.#name, failure.cause, this.#errorContext);
      this.#lastError = error;
      this.#problem = { text: error.message, needsPerson: needsPerson(error.kind) };
      const passing =
        failure.fault.kind === "retryable" || failure.fault.kind === "throttled" || failure.fault.kind === "ambiguous";
      if (!running && !passing) return failed(error);
      this.#failedOnce();
      failures = runtime.monotonic() - began > HEALTHY_MS ? 1 : failures + 1;
      const retryInMs = Math.max(reconnectMs(failures, runtime.random), failure.fault.retryAfterMs ?? 0);
      this.context.emit({ type: "receive-failed", level: passing ? "warn" : "error", error, retryInMs });
      await runtime.sleep(retryInMs, this.#opening.signal);
    }
  }

  async #once(opened: () => void): Promise<Failure> {
    const { connection, plan } = this.context;
    try {
      const announce = (waitMs: number, reason: string) => {
        this.#problem = { text: `${this.#name} waits ${waitMs} ms: ${reason}`, needsPerson: false };
        this.#putOff(waitMs);
        this.context.emit({ type: "start-waits", level: "warn", waitMs, reason });
      };
      const parts = this.#parts ?? (await this.#load());
      if (this.#opening.signal.aborted) return undefined;
      const { most: window } = this.#window;
      const options = { holdMs: plan.holdMs, prefetch: plan.maxInFlight, window, start: plan.start, announce };
      const receiver = await this.context.receiver(options, this.#opening.signal);
      try {
        if (this.#opening.signal.aborted) return undefined;
        const { physicalName } = this.context;
        const less = lessThanDeclared("receiver", physicalName, plan.capabilities, receiver.capabilities);
        if (less !== undefined) throw less;
        await this.#checkAtRest(receiver);
        refuseNarrow(plan, receiver, physicalName);
        this.#session = new Session(this.context, parts, receiver, this.#pool, this.#drainMs, this.#window);
        opened();
        return await this.#session.run();
      } finally {
        this.#session = undefined;
        await receiver.close();
      }
    } catch (cause) {
      const fault: Fault = isMessagingError(cause)
        ? { kind: cause.kind, code: cause.code }
        : connection.classify(cause, "open");
      return { cause, fault };
    }
  }

  async #load(): Promise<GroupParts> {
    const parts = await loadParts(this.context);
    if (parts.Batches !== undefined) this.#pool.inBatches(parts.Batches);
    return (this.#parts = parts);
  }

  async #checkAtRest({ existing }: ReceiverDriver): Promise<void> {
    const { plan, physicalName } = this.context;
    if (plan.atRest === undefined) return;
    const refusal = notAtRest(plan.atRest, existing?.encryptedAtRest, physicalName, this.#errorContext);
    if (refusal !== undefined) throw refusal;
    // Opening it to send checks the dead-letter destination, too.
    await this.context.deadLetters?.ready(this.#opening.signal);
  }

  async #stop(deadline: AbortSignal): Promise<GroupStopped> {
    const before = this.#pool.finished;
    this.#pool.stop();
    this.context.gate?.stop();
    this.#opening.abort(STOPPED);
    this.context.budget.close();
    const session = this.#session;
    let abandoned = 0;
    if (this.#main !== undefined) {
      void session?.quiesce();
      const late = new Promise<"late">((resolve) => {
        if (deadline.aborted) resolve("late");
        else deadline.addEventListener("abort", () => resolve("late"), { once: true });
      });
      if ((await Promise.race([this.#main, late])) === "late") {
        const reason = "the drain deadline has passed; this delivery may be delivered again";
        abandoned = session?.abandon(new Error(reason)) ?? 0;
        await this.#within(GRACE_MS, session?.flush());
        await this.#within(GRACE_MS, Promise.all([session?.cut(), this.#main]));
        session?.forget();
      }
    }
    const { finished, released } = this.#pool;
    return { completed: finished, drained: finished - before, released, abandoned };
  }
}
