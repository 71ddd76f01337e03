import { reconnectMs } from "../../plan/backoff.ts";
import type { Capabilities, Fault } from "../../driver/index.ts";
import { fromFault, isMessagingError, MessagingError } from "../../api/errors.ts";
import { HandlerPool } from "./handler-pool.ts";
import type { GroupContext } from "../lease/group-context.ts";
import { refuseNarrow } from "./check-resource.ts";
import { type Failure, Session } from "./session.ts";
import { needsPerson, type Trouble } from "../../base/troubles.ts";
import { Window } from "../lease/window.ts";
import { within } from "../../runtime/within.ts";

/** How long `start()` waits for a broker that cannot be reached before it gives up; a wait the driver announced comes on top. */
const START_MS = 30_000;
/** And so long for the answer to a call that was given just as much time: it says more than that there was none. */
const LAST_ANSWER_MS = 1_000;
/** A session that lasted this long was healthy: the next failure starts the back-off afresh. */
const HEALTHY_MS = 10_000;
/** After the deadline: for settlements under way, and for drivers to close. */
const GRACE_MS = 1_000;

export interface GroupStopped {
  readonly completed: number;
  readonly drained: number;
  readonly released: number;
  readonly abandoned: number;
}

/** One consumer at work: opens its receiver, opens it again when it fails, stops it. */
export class GroupRunner {
  readonly context: GroupContext;
  readonly #pool: HandlerPool;
  readonly #window: Window;
  readonly #drainMs: number;
  readonly #opening = new AbortController();
  #session: Session | undefined;
  #main: Promise<void> | undefined;
  #problem: Trouble | undefined;
  /** Why the last opening or session failed. */
  #lastError: unknown;
  #receiving = false;
  /** While `start()` waits: puts its limit off. */
  #putOff: (ms: number) => void = () => {};
  /** While `start()` waits for the last answer: it has come. */
  #failedOnce: () => void = () => {};
  #stopping: Promise<GroupStopped> | undefined;

  constructor(context: GroupContext, drainMs: number) {
    this.context = context;
    this.#pool = new HandlerPool(context);
    this.#window = new Window(context.plan, context.runtime, context.consumer.kind === "batch");
    this.#drainMs = drainMs;
  }

  /** What keeps it from working, in a sentence; undefined: nothing. */
  get problem(): string | undefined {
    return this.#problem?.text;
  }

  /** Everything that keeps it from working, for `health()`. */
  troubles(): readonly Trouble[] {
    const others = this.context.troubles.list();
    if (this.#problem !== undefined) return [this.#problem, ...others];
    if (this.#main === undefined) {
      const text = `${this.#name} is registered and receives nothing: call start() or run()`;
      return [{ text, needsPerson: true }, ...others];
    }
    if (this.#receiving) return others;
    return [{ text: `${this.#name} does not receive yet: it is being opened`, needsPerson: false }, ...others];
  }

  /**
   * Resolves once it receives; rejects at once on what will not pass by itself, after {@link START_MS} on what might, and
   * when it is stopped first.
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
      this.#putOff = (ms) => {
        timer[Symbol.dispose]();
        until += ms;
        timer = runtime.timer(Math.max(until - runtime.monotonic(), 0), expired);
      };
      this.#failedOnce = () => {
        if (waited) expired();
      };
      const over = () => {
        this.#putOff = () => {};
        this.#failedOnce = () => {};
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

  /** For one that joins while others run: tried until it receives or is stopped, as one whose broker went away. */
  join(): void {
    const ignore = () => {};
    this.#main = this.#run(ignore, ignore, true);
  }

  /** `deadline` aborts when running handlers have had their time. Idempotent. */
  stop(deadline: AbortSignal): Promise<GroupStopped> {
    this.#stopping ??= this.#stop(deadline);
    return this.#stopping;
  }

  /** Waits for it, but no longer, and whatever comes of it. */
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
        // Nothing to read from for now: a stream whose partitions have all ended.
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
      const { most: window } = this.#window;
      const options = { holdMs: plan.holdMs, prefetch: plan.maxInFlight, window, start: plan.start, announce };
      const receiver = await connection.receiver(plan.from, options, this.#opening.signal);
      try {
        if (this.#opening.signal.aborted) return undefined;
        refuseLess(plan.capabilities, receiver.capabilities, this.context.physicalName);
        refuseNarrow(plan, receiver, this.context.physicalName);
        this.#session = new Session(this.context, receiver, this.#pool, this.#drainMs, this.#window);
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

  async #stop(deadline: AbortSignal): Promise<GroupStopped> {
    const before = this.#pool.finished;
    this.#pool.stop();
    this.#opening.abort();
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
        abandoned =
          session?.abandon(new Error("the drain deadline has passed; this delivery may be delivered again")) ?? 0;
        await this.#within(GRACE_MS, session?.flush());
        await this.#within(GRACE_MS, Promise.all([session?.cut(), this.#main]));
        session?.forget();
      }
    }
    const { finished, released } = this.#pool;
    return { completed: finished, drained: finished - before, released, abandoned };
  }
}

/** A resource that keeps less than its adapter declared is refused, rather than found out by a message (contract C18). */
function refuseLess(expected: Capabilities, actual: Capabilities, name: string): void {
  const missing: string[] = [];
  if (expected.ordering !== "none" && actual.ordering === "none") missing.push("ordering");
  if (expected.holdExtend && !actual.holdExtend) missing.push("holdExtend");
  if (actual.retryDelayMs < expected.retryDelayMs) missing.push("retryDelayMs");
  if (expected.fencingToken && !actual.fencingToken) missing.push("fencingToken");
  if (missing.length === 0) return;
  const text = `"${name}" keeps less than its adapter declared: ${missing.join(", ")}; change the resource, or what the channel asks for`;
  throw new MessagingError("capability-missing", text, { kind: "config" });
}
