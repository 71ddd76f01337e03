/**
 * A redrive by the broker itself: all of it, fast, unseen. A task is never started twice on a guess. If an answer is lost, the broker's own list
 * of tasks tells whether there is one.
 */
import type { Redriven, RedriveOptions, RedriveProgress } from "../../api/dead-letters.ts";
import { milliseconds } from "../../api/duration.ts";
import { fromFault, isMessagingError, MessagingError } from "../../api/errors.ts";
import { listed } from "../../base/suggest.ts";
import { oneLine } from "../../base/excerpt.ts";
import type { Capabilities, Connection, Destination, MoveTask, Moves, Runtime } from "../../driver/index.ts";
import { reconnectMs } from "../../plan/backoff.ts";
import { whyNotNative } from "../../plan/native-redrive.ts";
import type { ChannelPlan, GroupPlan } from "../../plan/plan.ts";
import type { Progress } from "./progress.ts";

/** Most messages a second [AWS SQS API reference, StartMessageMoveTask, MaxNumberOfMessagesPerSecond]. */
const MOST_PER_SECOND = 500;
/** Tries of a call in a row, with growing waits between them. */
const TRIES = 8;
/** How often the list is read after a lost answer before the task counts as not begun. With the waits between them, about ten seconds. */
const LOOKS = 6;
const FIRST_POLL_MS = 1_000;
const LONGEST_POLL_MS = 10_000;
/** The options that go with `native`. All others choose letters, which the broker cannot. */
const ALLOWED: ReadonlySet<string> = new Set(["native", "rate", "signal"]);

export interface NativeParts {
  readonly options: RedriveOptions;
  readonly channel: ChannelPlan;
  readonly group: GroupPlan;
  readonly from: Destination;
  /** What the adapter declares of the dead-letter destination. */
  readonly capabilities: Capabilities | undefined;
  /** Of the dead-letter destination. */
  readonly connection: Connection;
  readonly runtime: Runtime;
  readonly open: () => void;
  readonly closed: AbortSignal;
  readonly progress: Progress<RedriveProgress>;
}

/** @throws MessagingError `bad-redrive` for options that the broker cannot keep, `native-unsupported`. */
export function checkNative({ options, channel, group, capabilities, connection }: Omit<NativeParts, "from">): void {
  const given = Object.entries(options).flatMap(([name, value]) =>
    value === undefined || ALLOWED.has(name) ? [] : [name],
  );
  if (given.length > 0)
    throw bad(`native moves all letters unseen, so it takes no ${listed(given)}; leave native out, or leave that out`);
  const { rate } = options;
  if (rate !== undefined) {
    const perSecond = perSecondOf(rate);
    if (!Number.isInteger(perSecond) || perSecond < 1 || perSecond > MOST_PER_SECOND)
      throw bad(`with native, rate must be a whole number of letters a second, from 1 to ${MOST_PER_SECOND}`);
  }
  const why =
    whyNotNative(channel, group, capabilities) ??
    (connection.moves === undefined ? "its driver offers no moves" : undefined);
  if (why === undefined) return;
  throw new MessagingError(
    "native-unsupported",
    `redrive: the dead letters of "${group.group}" cannot be moved by the broker: ${why}; leave native out, and redrive() sends them itself`,
    { kind: "config", channel: channel.channel, group: group.group },
  );
}

const bad = (text: string) => new MessagingError("bad-redrive", `redrive: ${text}`, { kind: "config" });

function perSecondOf({ max, per }: NonNullable<RedriveOptions["rate"]>): number {
  return (max * 1_000) / milliseconds(per ?? "1s", "rate.per");
}

/** One run. If such a task is running already, it is followed. */
export class NativeRedrive {
  readonly #parts: NativeParts;
  readonly #moves: Moves;
  #last: MoveTask | undefined;

  constructor(parts: NativeParts) {
    this.#parts = parts;
    this.#moves = parts.connection.moves!;
  }

  async run(): Promise<Redriven> {
    const { options, progress, runtime } = this.#parts;
    const { signal } = options;
    try {
      const before = await this.#list();
      let task = before.find(isRunning);
      if (task?.into === false) throw refused("move-in-progress", OTHERS, this.#parts);
      if (task === undefined && isAborted(signal)) return this.#result("signal");
      task ??= await this.#begin(new Set(before.map(({ startedAt }) => startedAt)));
      const { startedAt } = task;
      let cancelled = false;
      for (let waitMs = FIRST_POLL_MS; ; waitMs = Math.min(waitMs * 1.5, LONGEST_POLL_MS)) {
        this.#last = task;
        progress.set({ phase: "moving", ...this.#counts() });
        if (!isRunning(task)) return this.#ended(task);
        if (isAborted(signal) && !cancelled) cancelled = await this.#cancel(task);
        await runtime.sleep(cancelled ? FIRST_POLL_MS : waitMs, cancelled ? undefined : signal);
        task = (await this.#list()).find((each) => each.startedAt === startedAt) ?? task;
      }
    } finally {
      progress.set({ phase: "done", ...this.#counts() });
      progress.end();
    }
  }

  /** Starts a task. Only a call that certainly started none is made again. */
  async #begin(before: ReadonlySet<number>): Promise<MoveTask> {
    const { from, group, options, closed, runtime } = this.#parts;
    const perSecond = options.rate === undefined ? undefined : perSecondOf(options.rate);
    for (let tries = 1; ; tries++) {
      this.#parts.open();
      let failed: MessagingError | undefined;
      try {
        await this.#moves.start(from, group.from, perSecond, closed);
      } catch (cause) {
        failed = this.#startError(cause);
        if (failed.kind === "auth" || failed.kind === "config" || failed.kind === "permanent") throw failed;
      }
      const certain = failed !== undefined && failed.kind !== "ambiguous";
      for (let looks = 1; looks <= (certain ? 1 : LOOKS); looks++) {
        const found = (await this.#list()).find(({ startedAt, into }) => into && !before.has(startedAt));
        if (found !== undefined) return found;
        if (!certain) await runtime.sleep(reconnectMs(looks, runtime.random), closed);
      }
      if (failed === undefined) throw refused("move-unknown", UNSEEN, this.#parts);
      if (!certain || tries >= TRIES) throw failed;
      await runtime.sleep(Math.max(reconnectMs(tries, runtime.random), failed.retryAfterMs ?? 0), closed);
    }
  }

  /** True if the broker was asked to stop. A task that has ended meanwhile needs no stop; the list tells. */
  async #cancel({ handle }: MoveTask): Promise<boolean> {
    if (handle === undefined) return false;
    try {
      await this.#moves.cancel(handle, this.#parts.closed);
      return true;
    } catch (cause) {
      const error = this.#error(cause, "topology");
      if (error.kind === "auth" || error.kind === "closed") throw error;
      // Not running any more, or the answer was lost. The list tells, and a task that still runs is asked again.
      return false;
    }
  }

  async #list(): Promise<readonly MoveTask[]> {
    const { from, group, closed, open, runtime } = this.#parts;
    for (let tries = 1; ; tries++) {
      open();
      try {
        return await this.#moves.list(from, group.from, closed);
      } catch (cause) {
        const error = this.#error(cause, "topology");
        const passes = error.kind === "retryable" || error.kind === "throttled" || error.kind === "ambiguous";
        if (!passes || tries >= TRIES || closed.aborted) throw error;
        await runtime.sleep(Math.max(reconnectMs(tries, runtime.random), error.retryAfterMs ?? 0), closed);
      }
    }
  }

  #ended(task: MoveTask): Redriven {
    if (task.state === "completed") return this.#result();
    if (task.state === "cancelled") return this.#result("signal");
    const why = task.failure === undefined ? "" : `: ${oneLine(task.failure)}`;
    return {
      ...this.#result("error"),
      errors: [refused("move-failed", `the broker's task failed${why}`, this.#parts)],
    };
  }

  #result(stopped?: Redriven["stopped"]): Redriven {
    return { ...this.#counts(), ...(stopped === undefined ? {} : { stopped, resume: { native: true } }) };
  }

  #counts(): Omit<RedriveProgress, "phase"> {
    const { moved = 0, total } = this.#last ?? {};
    const matched = Math.max(total ?? moved, moved);
    return { matched, moved, died: 0, left: matched - moved, failed: 0, refused: 0 };
  }

  /** As for a message that is sent, an answer that is lost leaves it open whether there is a task. */
  #startError(cause: unknown): MessagingError {
    const { kind } = this.#parts.connection.classify(cause, "send");
    return this.#error(cause, kind === "ambiguous" ? "send" : "topology");
  }

  #error(cause: unknown, during: "send" | "topology"): MessagingError {
    if (isMessagingError(cause)) return cause;
    const { connection, channel, group, closed } = this.#parts;
    if (closed.aborted) return closed.reason as MessagingError;
    const where = { channel: channel.channel, group: group.group };
    return fromFault(connection.classify(cause, during), `move the dead letters of "${group.group}"`, cause, where);
  }
}

function refused(code: string, text: string, { channel, group }: NativeParts): MessagingError {
  return new MessagingError(code, `redrive of "${group.group}": ${text}`, {
    kind: code === "move-unknown" ? "ambiguous" : "retryable",
    channel: channel.channel,
    group: group.group,
  });
}

const isAborted = (signal: AbortSignal | undefined): boolean => signal?.aborted === true;
const isRunning = ({ state }: MoveTask): boolean => state === "running" || state === "cancelling";
const OTHERS =
  "a task that somebody else began is moving these letters to another queue; wait for its end, or cancel it there";
const UNSEEN =
  "the broker has accepted a task and does not list it; look at its list of tasks before you begin another";
