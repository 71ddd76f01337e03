/** Sending dead letters back to their group: first a few, then more, and no more once too many die again. */
import type { DeadLetterItem, Redriven, RedriveOptions, RedriveProgress } from "../../api/dead-letters.ts";
import { milliseconds } from "../../api/duration.ts";
import { MessagingError } from "../../api/errors.ts";
import type { Delivery, Runtime } from "../../driver/index.ts";
import type { Matches } from "./filter.ts";
import type { Letter } from "./letter.ts";
import type { Progress } from "./progress.ts";
import { MOST_HELD, type Session } from "./session.ts";

/** The most letters sent at once. */
const WAVE = 100;
/** A letter whose hold ends within this many milliseconds is not sent: its `ack` could come too late. It comes again. */
const MARGIN_MS = 5_000;
/** A failure share of fewer letters says little. */
const MINIMUM = 10;
/** The share of the rate with which a ramp begins. */
const RAMP_FROM = 0.1;
/** How often, at the end of the canary's wait, the run looks for letters that are still in front of a canary. */
const LAST_LOOKS = 100;
const REDRIVES = 3;

export interface RedriveParts {
  readonly session: Session;
  readonly runtime: Runtime;
  readonly options: RedriveOptions;
  readonly matches: Matches;
  readonly letterOf: (delivery: Delivery) => Letter;
  readonly read: (letter: Letter) => Promise<DeadLetterItem>;
  /** Resolves once the broker has accepted the letter for its group. A canary is told that it has one attempt. */
  readonly send: (letter: Letter, canary: boolean) => Promise<void>;
  readonly progress: Progress<RedriveProgress>;
}

/** A letter to be sent, with all its copies. A lost reply leaves a second copy with the same hop. */
interface Pending {
  readonly letter: Letter;
  readonly copies: Delivery[];
}

/** @throws MessagingError `bad-redrive` for options out of their range. */
export function checkRedrive({ max, rate, ramp, canary, stopAt, maxRedrives, ids }: RedriveOptions): void {
  const whole = (value: unknown, name: string, least: number) => {
    if (value !== undefined && !(Number.isInteger(value) && (value as number) >= least))
      throw bad(`${name} must be a whole number from ${least} up`);
  };
  if (max !== Number.POSITIVE_INFINITY) whole(max, "max", 1);
  whole(maxRedrives, "maxRedrives", 1);
  if (rate !== undefined) {
    whole(rate.max ?? 0, "rate.max", 1);
    if (milliseconds(rate.per ?? "1s", "rate.per") <= 0) throw bad("rate.per must be longer than 0");
  }
  if (ramp !== undefined) {
    if (milliseconds(ramp, "ramp") <= 0) throw bad("ramp must be longer than 0");
    if (rate === undefined) throw bad("ramp goes from a tenth of rate to all of it; give rate, too");
  }
  if (canary !== undefined) {
    whole(canary.count ?? 0, "canary.count", 1);
    milliseconds(canary.wait, "canary.wait");
  }
  if (stopAt !== undefined && !(stopAt > 0 && stopAt <= 1)) throw bad("stopAt must be a share above 0, at most 1");
  if (ids !== undefined && (!Array.isArray(ids) || ids.some((id) => typeof id !== "string")))
    throw bad("ids must be a list of ids");
}

const bad = (text: string) => new MessagingError("bad-redrive", `redrive: ${text}`, { kind: "config" });

/** One run. */
export class Redrive {
  readonly #parts: RedriveParts;
  readonly #before: number;
  /** By message: the hop of the letter that was sent. A higher one is the same message, dead again. */
  readonly #moved = new Map<string, number>();
  readonly #died = new Set<string>();
  readonly #pending = new Map<string, Pending>();
  /** Letters that stay, by message and hop. */
  readonly #kept = new Set<string>();
  /** The canary, by message. False: it is not ours, so it could not be told to try only once. */
  readonly #canary = new Map<string, boolean>();
  readonly #errors: MessagingError[] = [];
  #matched = 0;
  #movedCount = 0;
  #left = 0;
  #failed = 0;
  #refused = 0;
  /** Letters in a row that were seen before: their holds have ended, and no new ones come. */
  #stale = 0;
  #exhausted = false;
  #nextWaveAt = 0;
  /** When the ramp began (monotonic). */
  #rampFrom: number | undefined;

  constructor(parts: RedriveParts) {
    this.#parts = parts;
    // What fails within the millisecond of the start is told by its hop. A run that goes on no longer knows the hops.
    this.#before = Number(parts.options.before ?? parts.runtime.now() + 1);
  }

  async run(): Promise<Redriven> {
    const { options, session, progress } = this.#parts;
    let stopped: Redriven["stopped"];
    let canary: Redriven["canary"];
    try {
      if (options.canary !== undefined && options.dryRun !== true) {
        await this.#gather(Math.min(options.canary.count, this.#allowance));
        stopped = await this.#wave(options.canary.count, "canary");
        const watched =
          stopped === undefined &&
          (this.#canary.size === 0 || (await this.#watch(milliseconds(options.canary.wait, "wait"))));
        canary = this.#outcome(watched);
        if (stopped === undefined && canary.settled < canary.sent)
          stopped = options.signal?.aborted === true ? "signal" : this.#tooMany ? "share" : "canary";
      }
      let size = options.canary === undefined ? WAVE : Math.min(2 * options.canary.count, WAVE);
      while (stopped === undefined) {
        if (options.signal?.aborted === true) {
          stopped = "signal";
          break;
        }
        if (this.#allowance <= 0) {
          stopped = "max";
          break;
        }
        await this.#gather(Math.min(size, this.#allowance));
        if (this.#tooMany) stopped = "share";
        else if (this.#pending.size === 0) {
          if (!this.#exhausted) stopped = "more";
          break;
        } else stopped = await this.#wave(size, "sending");
        size = Math.min(size * 2, WAVE);
      }
      if (stopped === undefined) {
        const { ready = 0, others = 0 } = await session.rest();
        if (ready > 0 || others > 0) stopped = "more";
      }
    } catch (error) {
      if (this.#movedCount === 0) throw session.error(error);
      // What was sent is said, too: the caller can go on from there.
      this.#errors.push(session.error(error));
      stopped = "error";
    } finally {
      await session.close();
      this.#tell("done");
      progress.end();
    }
    return this.#result(stopped, canary);
  }

  /** What became of the canary. `watched`: the dead letters were looked through until the end of the wait. */
  #outcome(watched: boolean): NonNullable<Redriven["canary"]> {
    const outcome = { sent: this.#canary.size, returned: 0, settled: 0, unknown: 0 };
    for (const [event, once] of this.#canary)
      outcome[this.#died.has(event) ? "returned" : watched && once ? "settled" : "unknown"]++;
    return outcome;
  }

  /** The part of the rate that the ramp allows now. */
  get #share(): number {
    const { ramp } = this.#parts.options;
    if (ramp === undefined || this.#rampFrom === undefined) return 1;
    const passed = (this.#parts.runtime.monotonic() - this.#rampFrom) / milliseconds(ramp, "ramp");
    return Math.min(RAMP_FROM + (1 - RAMP_FROM) * passed, 1);
  }

  get #allowance(): number {
    const { max = Number.POSITIVE_INFINITY } = this.#parts.options;
    return max - this.#movedCount - this.#failed - (this.#parts.options.dryRun === true ? this.#matched : 0);
  }

  get #tooMany(): boolean {
    const { stopAt, canary } = this.#parts.options;
    const least = Math.min(canary?.count ?? MINIMUM, MINIMUM);
    return stopAt !== undefined && this.#movedCount >= least && this.#died.size / this.#movedCount >= stopAt;
  }

  /** Receives until `wanted` letters wait to be sent, or no more come. */
  async #gather(wanted: number): Promise<void> {
    while (this.#pending.size < wanted && !this.#exhausted && this.#parts.session.held < MOST_HELD) {
      const got = await this.#look(Math.min(wanted - this.#pending.size, WAVE));
      if (got === 0 || this.#stale > this.#moved.size + this.#kept.size + this.#pending.size) this.#exhausted = true;
      if (this.#parts.options.dryRun === true) this.#keepPending();
      if (this.#allowance <= 0) return;
    }
  }

  #keepPending(): void {
    for (const [event, { letter }] of this.#pending) this.#kept.add(`${event} ${letter.hop}`);
    this.#pending.clear();
  }

  async #look(max: number, waitMs?: number): Promise<number> {
    const { session, letterOf } = this.#parts;
    const got = await session.receive(max, waitMs);
    const copies: Delivery[] = [];
    for (const delivery of got) await this.#sort(letterOf(delivery), copies);
    if (copies.length > 0) await session.settle(copies, "ack");
    return got.length;
  }

  async #sort(letter: Letter, copies: Delivery[]): Promise<void> {
    const { event, hop, delivery } = letter;
    const before = this.#moved.get(event);
    if (before === hop) {
      this.#stale++;
      copies.push(delivery);
      return;
    }
    if (before !== undefined) {
      this.#stale = this.#died.has(event) ? this.#stale + 1 : 0;
      this.#died.add(event);
      return;
    }
    const pending = this.#pending.get(event);
    if (pending !== undefined && pending.letter.hop === hop) return void pending.copies.push(delivery);
    const name = `${event} ${hop}`;
    if (this.#kept.has(name)) {
      this.#stale++;
      return;
    }
    this.#stale = 0;
    const fate = await this.#fateOf(letter);
    if (fate === "send") {
      this.#matched++;
      this.#pending.set(event, { letter, copies: [delivery] });
      return;
    }
    this.#kept.add(name);
    if (fate === "refuse") this.#refused++;
    else this.#left++;
  }

  async #fateOf(letter: Letter): Promise<"send" | "leave" | "refuse"> {
    const { options, matches, read } = this.#parts;
    const named = options.ids?.includes(letter.id) ?? false;
    if (options.ids !== undefined && !named) return "leave";
    if (letter.owner === "others" || (letter.owner === "unknown" && !named)) return "leave";
    if (letter.lastAt !== undefined && letter.lastAt >= this.#before) return "leave";
    if (!matches(await read(letter))) return "leave";
    return letter.redrives >= (options.maxRedrives ?? REDRIVES) ? "refuse" : "send";
  }

  /** Sends up to `size` of the letters that wait. */
  async #wave(size: number, phase: RedriveProgress["phase"]): Promise<"error" | undefined> {
    const { session, send, runtime, options } = this.#parts;
    const { rate } = options;
    const canary = phase === "canary";
    if (!canary) this.#rampFrom ??= runtime.monotonic();
    for (let left = Math.min(size, this.#allowance); left > 0 && this.#pending.size > 0; ) {
      const now = runtime.monotonic();
      if (rate !== undefined && now < this.#nextWaveAt) await runtime.sleep(this.#nextWaveAt - now, options.signal);
      if (options.signal?.aborted === true) return undefined;
      const share = this.#share;
      const part = this.#take(rate === undefined ? left : Math.min(left, Math.max(Math.floor(rate.max * share), 1)));
      const most = part.length;
      if (most === 0) return undefined;
      left -= most;
      if (rate !== undefined)
        this.#nextWaveAt = runtime.monotonic() + (milliseconds(rate.per ?? "1s", "per") * most) / (rate.max * share);
      const sent = await Promise.allSettled(part.map(({ letter }) => send(letter, canary)));
      const done: Delivery[] = [];
      let waits = false;
      sent.forEach((outcome, at) => {
        const { letter, copies } = part[at]!;
        if (outcome.status === "fulfilled") {
          this.#moved.set(letter.event, letter.hop);
          if (canary) this.#canary.set(letter.event, !letter.decoded.foreign);
          this.#movedCount++;
          done.push(...copies);
          return;
        }
        const error = session.error(outcome.reason);
        this.#kept.add(`${letter.event} ${letter.hop}`);
        this.#failed++;
        this.#errors.push(error);
        // A letter that can never be sent, such as one whose stored body is gone, is no reason to keep the others.
        if (error.kind !== "permanent") waits = true;
      });
      await session.settle(done, "ack");
      this.#tell(phase);
      if (waits) return "error";
      if (phase === "sending" && this.#tooMany) return undefined;
    }
    return undefined;
  }

  #take(most: number): Pending[] {
    const now = this.#parts.runtime.monotonic();
    const taken: Pending[] = [];
    for (const [event, pending] of this.#pending) {
      if (taken.length >= most) break;
      this.#pending.delete(event);
      const last = pending.copies.at(-1)!;
      if ((last.deadline ?? Number.POSITIVE_INFINITY) - now > MARGIN_MS) taken.push(pending);
      // Its hold is about to end, so it comes again.
      else {
        this.#matched--;
        this.#exhausted = false;
      }
    }
    return taken;
  }

  /**
   * Waits for letters of the canary that come back. They are behind all others, so these are received, too. True if it looked through
   * all of them until the end of the wait.
   */
  async #watch(waitMs: number): Promise<boolean> {
    const { runtime, session } = this.#parts;
    const { signal } = this.#parts.options;
    const until = runtime.monotonic() + waitMs;
    let atEnd = false;
    this.#tell("waiting");
    for (let left = waitMs; left > 0 && this.#died.size < this.#canary.size; left = until - runtime.monotonic()) {
      const died = this.#died.size;
      const room = session.held < MOST_HELD;
      const got = room ? await this.#look(WAVE, Math.min(left, 10_000)) : 0;
      atEnd = room && got === 0;
      if (!room || (got === 0 && until - runtime.monotonic() > left - 1))
        await runtime.sleep(Math.min(left, 1_000), signal);
      if (signal?.aborted === true) return false;
      if (died !== this.#died.size) this.#tell("waiting");
      if (this.#tooMany) return false;
    }
    for (let looks = 0; looks < LAST_LOOKS && !atEnd && session.held < MOST_HELD; looks++)
      atEnd = (await this.#look(WAVE)) === 0;
    return atEnd;
  }

  #counts(): Omit<RedriveProgress, "phase"> {
    return {
      matched: this.#matched,
      moved: this.#movedCount,
      died: this.#died.size,
      left: this.#left,
      failed: this.#failed,
      refused: this.#refused,
    };
  }

  #tell(phase: RedriveProgress["phase"]): void {
    this.#parts.progress.set({ phase, ...this.#counts() });
  }

  #result(stopped: Redriven["stopped"], canary: Redriven["canary"]): Redriven {
    const { filter, ids, maxRedrives } = this.#parts.options;
    const resume = {
      ...(filter === undefined ? {} : { filter }),
      ...(ids === undefined ? {} : { ids }),
      ...(maxRedrives === undefined ? {} : { maxRedrives }),
      before: this.#parts.options.before === undefined ? this.#before - 1 : this.#before,
    };
    return {
      ...this.#counts(),
      ...(canary === undefined ? {} : { canary }),
      ...(stopped === undefined ? {} : { stopped, resume }),
      ...(this.#errors.length === 0 ? {} : { errors: this.#errors }),
    };
  }
}
