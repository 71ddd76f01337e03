/** Sending dead letters back to their group: first a few, then more, and no more once too many die again. */
import type { DeadLetterItem, Redriven, RedriveOptions, RedriveProgress } from "../../api/dead-letters.ts";
import { milliseconds } from "../../api/duration.ts";
import type { MessagingError } from "../../api/errors.ts";
import type { Delivery, Runtime } from "../../driver/index.ts";
import type { Matches } from "./filter.ts";
import type { Letter } from "./letter.ts";
import type { Progress } from "./progress.ts";
import { MOST_HELD, type Session } from "./session.ts";
import { inOrder, keyOf, type Pending, WholeKeys } from "./whole-keys.ts";

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
  /** While the broker hides letters of a key, it shows no more of those that it moved itself. */
  readonly hidesKeys: boolean;
  readonly read: (letter: Letter) => Promise<DeadLetterItem>;
  /** Resolves once the broker has accepted the letter for its group. A canary is told that it has one attempt. */
  readonly send: (letter: Letter, canary: boolean) => Promise<void>;
  readonly progress: Progress<RedriveProgress>;
}

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
  /** With `wholeKey`. */
  readonly #keys: WholeKeys | undefined;
  /** Keys of which more may be behind the letters that were seen. */
  readonly #heads = new Set<string>();
  #matched = 0;
  #movedCount = 0;
  #left = 0;
  #others = 0;
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
    this.#keys = parts.options.wholeKey === true ? new WholeKeys() : undefined;
    // What fails within the millisecond of the start is told by its hop. A run that goes on no longer knows the hops.
    this.#before = Number(parts.options.before ?? parts.runtime.now() + 1);
  }

  async run(): Promise<Redriven> {
    const { options, session, runtime, progress } = this.#parts;
    let stopped: Redriven["stopped"];
    let canary: Redriven["canary"];
    try {
      if (options.canary !== undefined && options.dryRun !== true) {
        await this.#gather(Math.min(options.canary.count, this.#allowance));
        const began = runtime.monotonic();
        stopped = await this.#wave(options.canary.count, "canary");
        const watched =
          stopped === undefined &&
          (this.#canary.size === 0 || (await this.#watch(milliseconds(options.canary.wait, "wait"))));
        canary = { ...this.#outcome(watched), ms: Math.round(runtime.monotonic() - began) };
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
          if (!this.#exhausted) stopped = this.#unseen <= 0 ? "max" : "more";
          else if (this.#keys?.waits === true) stopped = "max";
          break;
        } else stopped = await this.#wave(size, "sending");
        size = Math.min(size * 2, WAVE);
      }
      if (stopped === undefined && this.#keys?.late === true) stopped = "more";
      if (stopped === undefined) {
        const { ready = 0, others = 0 } = await session.rest();
        if (ready > 0 || others > 0) stopped = "more";
        else this.#heads.clear();
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
  #outcome(watched: boolean): Omit<NonNullable<Redriven["canary"]>, "ms"> {
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
    if (this.#keys !== undefined) return this.#gatherKeys(this.#keys);
    while (this.#pending.size < wanted && !this.#exhausted && this.#parts.session.held < MOST_HELD) {
      await this.#lookOn(Math.min(wanted - this.#pending.size, this.#unseen));
      if (this.#parts.options.dryRun === true) this.#keepPending();
      if (this.#allowance <= 0 || this.#unseen <= 0) return;
    }
  }

  /** How many more letters a dry run may look at. */
  get #unseen(): number {
    const { sample = Number.POSITIVE_INFINITY } = this.#parts.options;
    return sample - this.#parts.session.held;
  }

  /** Which keys are wanted, and all of their letters, is known once every letter was seen. */
  async #gatherKeys(keys: WholeKeys): Promise<void> {
    const { session, options } = this.#parts;
    if (this.#pending.size > 0) return;
    const more = () => !this.#exhausted && session.held < MOST_HELD && this.#unseen > 0;
    // Then only the next letters of a key that was begun come, in the broker's order.
    while (more() && !(keys.seenAll && keys.waits)) await this.#lookOn(this.#unseen);
    if (session.held >= MOST_HELD || !keys.waits) return;
    // What another reader holds may be the first letters of a key.
    if (!keys.seenAll && this.#unseen > 0 && ((await session.rest()).others ?? 0) > 0) {
      this.#exhausted = false;
      return;
    }
    keys.seenAll = true;
    for (const pending of keys.take(this.#allowance)) {
      this.#matched++;
      this.#pending.set(pending.letter.event, pending);
    }
    if (options.dryRun === true) this.#keepPending();
  }

  async #lookOn(most: number): Promise<void> {
    const got = await this.#look(Math.min(most, WAVE));
    const known = this.#moved.size + this.#kept.size + this.#pending.size + (this.#keys?.size ?? 0);
    if (got === 0 || this.#stale > known) this.#exhausted = true;
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
    if (this.#parts.hidesKeys && letter.native && letter.key !== undefined) this.#heads.add(letter.key);
    const pending = this.#pending.get(event) ?? this.#keys?.get(letter);
    if (pending !== undefined && pending.letter.hop === hop) {
      // All are gathered before the first is sent, which must end even if holds end first.
      if (this.#keys !== undefined) this.#stale++;
      return void pending.copies.push(delivery);
    }
    const name = `${event} ${hop}`;
    if (this.#kept.has(name)) {
      this.#stale++;
      return;
    }
    this.#stale = 0;
    const may = this.#maySend(letter);
    const wanted = may && (await this.#wants(letter));
    const limited = letter.redrives >= (this.#parts.options.maxRedrives ?? REDRIVES);
    const found = { letter, copies: [delivery], wanted };
    if (may && this.#keys !== undefined) return this.#keys.add(found, limited);
    if (wanted && !limited) {
      this.#matched++;
      this.#pending.set(event, found);
      return;
    }
    this.#kept.add(name);
    if (wanted) this.#refused++;
    else this.#left++;
    if (letter.owner !== "ours") this.#others++;
  }

  #maySend({ id, owner, lastAt }: Letter): boolean {
    if (owner === "others" || (owner === "unknown" && !this.#names(id))) return false;
    return lastAt === undefined || lastAt < this.#before;
  }

  async #wants(letter: Letter): Promise<boolean> {
    const { options, matches, read } = this.#parts;
    return (options.ids === undefined || this.#names(letter.id)) && matches(await read(letter));
  }

  #names(id: string): boolean {
    return this.#parts.options.ids?.includes(id) ?? false;
  }

  /** Sends up to `size` of the letters that wait. */
  async #wave(size: number, phase: RedriveProgress["phase"]): Promise<"error" | undefined> {
    const { runtime, options, session } = this.#parts;
    const { rate } = options;
    const canary = phase === "canary";
    if (!canary) this.#rampFrom ??= runtime.monotonic();
    let left = Math.min(size, this.#allowance);
    while (this.#pending.size > 0 && (left > 0 || this.#underWay !== undefined)) {
      // A key that was begun is sent to its end, whatever ends the run.
      const key = this.#underWay;
      const now = runtime.monotonic();
      if (rate !== undefined && now < this.#nextWaveAt)
        await runtime.sleep(this.#nextWaveAt - now, key === undefined ? options.signal : undefined);
      if (options.signal?.aborted === true && key === undefined) return undefined;
      session.refuseIfClosed();
      const share = this.#share;
      const room = left > 0 ? left : WAVE;
      const most = rate === undefined ? room : Math.min(room, Math.max(Math.floor(rate.max * share), 1));
      const part = this.#take(most, left > 0 ? undefined : key);
      if (part.length === 0) return undefined;
      left -= part.length;
      if (rate !== undefined)
        this.#nextWaveAt =
          runtime.monotonic() + (milliseconds(rate.per ?? "1s", "per") * part.length) / (rate.max * share);
      const waits = await this.#sendAll(part, canary);
      this.#tell(phase);
      if (waits) return "error";
      if (phase === "sending" && this.#tooMany && this.#underWay === undefined) return undefined;
    }
    return undefined;
  }

  /** Sends letters, and removes those that were accepted. True if one of them cannot be sent now. */
  async #sendAll(part: readonly Pending[], canary: boolean): Promise<boolean> {
    const { session, send } = this.#parts;
    const outcomes = await (this.#keys === undefined
      ? Promise.allSettled(part.map(({ letter }) => send(letter, canary)))
      : inOrder(part, (letter) => send(letter, canary)));
    const accepted: Pending[] = [];
    /** Keys of which no more is sent, by name. True: the next run is to take them again. */
    const broken = new Map<string, boolean>();
    for (const [at, outcome] of outcomes.entries()) {
      const { letter } = part[at]!;
      if (outcome?.status === "fulfilled") {
        this.#moved.set(letter.event, letter.hop);
        if (canary) this.#canary.set(letter.event, !letter.decoded.foreign);
        this.#movedCount++;
        accepted.push(part[at]!);
      } else if (outcome?.status === "rejected") {
        const error = session.error(outcome.reason);
        this.#kept.add(`${letter.event} ${letter.hop}`);
        this.#failed++;
        this.#errors.push(error);
        // A letter that can never be sent, such as one whose stored body is gone, is no reason to keep the others.
        broken.set(keyOf(letter), error.kind !== "permanent");
      } else this.#leave(part[at]!);
    }
    if (this.#keys === undefined) await session.settle(copiesOf(accepted), "ack");
    else await this.#removeKeys(this.#keys, accepted, broken);
    return [...broken.values()].some((again) => again);
  }

  /**
   * Removes the letters of keys of which all were accepted; those that the filter wants last, so that the same run takes a key again that a
   * kill has cut.
   */
  async #removeKeys(
    keys: WholeKeys,
    accepted: readonly Pending[],
    broken: ReadonlyMap<string, boolean>,
  ): Promise<void> {
    const { session, hidesKeys } = this.#parts;
    for (const name of broken.keys()) this.#leaveKey(name);
    const { all, alongside, wanted } = keys.ended(accepted, this.#underWay, (name) => broken.get(name) === true);
    await session.settle(copiesOf(alongside), "ack");
    await session.settle(copiesOf(wanted), "ack");
    for (const { letter } of all) {
      if (letter.key === undefined || !hidesKeys || !letter.native) continue;
      // Now the broker shows the next of the key.
      this.#heads.delete(letter.key);
      this.#exhausted = false;
    }
  }

  /** The key of which some letters were taken, and not all. */
  get #underWay(): string | undefined {
    const [next] = this.#pending.values();
    return this.#keys?.underWay(next);
  }

  #leaveKey(name: string): void {
    for (const [event, pending] of this.#pending)
      if (keyOf(pending.letter) === name) {
        this.#pending.delete(event);
        this.#leave(pending);
      }
  }

  #leave({ letter }: Pending): void {
    this.#kept.add(`${letter.event} ${letter.hop}`);
    this.#matched--;
    this.#left++;
  }

  /** `key`: letters of this key only. */
  #take(most: number, key?: string): Pending[] {
    const now = this.#parts.runtime.monotonic();
    const taken: Pending[] = [];
    for (const [event, pending] of this.#pending) {
      const name = keyOf(pending.letter);
      if (taken.length >= most || (key !== undefined && name !== key)) break;
      const last = pending.copies.at(-1)!;
      if ((last.deadline ?? Number.POSITIVE_INFINITY) - now > MARGIN_MS) {
        this.#pending.delete(event);
        taken.push(pending);
        this.#keys?.sending(pending);
      } else if (this.#keys === undefined) {
        // Its hold is about to end, so it comes again.
        this.#pending.delete(event);
        this.#matched--;
        this.#exhausted = false;
      } else {
        // It comes again when the others of its key, which must come after it, may be sent by then.
        this.#keys.markLate(name);
        this.#leaveKey(name);
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
      session.refuseIfClosed();
      if (died !== this.#died.size) this.#tell("waiting");
      if (this.#tooMany) return false;
    }
    for (let looks = 0; looks < LAST_LOOKS && !atEnd && session.held < MOST_HELD; looks++)
      atEnd = (await this.#look(WAVE)) === 0;
    return atEnd;
  }

  #counts(): Omit<RedriveProgress, "phase"> {
    const keys = this.#keys?.left;
    return {
      matched: this.#matched,
      moved: this.#movedCount,
      died: this.#died.size,
      left: this.#left + (keys?.left ?? 0),
      failed: this.#failed,
      refused: this.#refused + (keys?.refused ?? 0),
    };
  }

  #tell(phase: RedriveProgress["phase"]): void {
    this.#parts.progress.set({ phase, ...this.#counts() });
  }

  #result(stopped: Redriven["stopped"], canary: Redriven["canary"]): Redriven {
    const { filter, ids, maxRedrives, wholeKey } = this.#parts.options;
    const resume = {
      ...(filter === undefined ? {} : { filter }),
      ...(ids === undefined ? {} : { ids }),
      ...(maxRedrives === undefined ? {} : { maxRedrives }),
      ...(wholeKey === undefined ? {} : { wholeKey }),
      before: this.#parts.options.before === undefined ? this.#before - 1 : this.#before,
    };
    return {
      ...this.#counts(),
      ...(canary === undefined ? {} : { canary }),
      ...(stopped === undefined ? {} : { stopped, resume }),
      ...(this.#others === 0 ? {} : { others: this.#others }),
      ...(this.#heads.size === 0 ? {} : { heads: this.#heads.size }),
      ...(this.#errors.length === 0 ? {} : { errors: this.#errors }),
    };
  }
}

const copiesOf = (letters: readonly Pending[]): readonly Delivery[] => letters.flatMap(({ copies }) => copies);
