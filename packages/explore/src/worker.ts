/** One process of a run: its runtime, the effects of its handlers, and its end. */
import type { Runtime } from "@switchyard/core";
import { SITE } from "./choices.ts";
import type { Owner } from "./clock.ts";
import type { Frame } from "./context.ts";
import { Seam, type SeamOwner } from "./seam.ts";
import type { RunState } from "./state.ts";
import { called, thrownBy } from "./story.ts";

/** How long an effect takes, in milliseconds of the run. Slow ones are chosen. */
const EFFECT_MS = 1;
const SLOW_MS = [40, 3_000, 3_000];
/** A pause is longer than the longest hold by this factor. */
const PAUSE = 1.5;

/** Milliseconds after a pause in which a process learns what it missed. */
const WAKING_MS = 5;
/** Between the seeds of processes. */
const SEED_STEP = 100;

const never = (): Promise<never> => new Promise(() => {});

/** An effect that the run let fail. Handlers see it as they see a failed request. If nobody does, it ends the process. */
export class EffectFailed extends Error {
  override readonly name = "EffectFailed";
  readonly unhandled: () => void;

  constructor(worker: Worker, text: string) {
    super(text);
    worker.rejects();
    // In a variable first (docs/v8.md#functions-in-properties).
    const die = () => worker.die("of an unhandled rejection: nobody awaits the effect that failed");
    this.unhandled = die;
  }
}

function between(frame: Frame | undefined, last: string | undefined, next: string): string {
  const where = last === undefined ? `before ${next}` : `after ${last} and before ${next}`;
  return frame?.ended === true ? `${where}, when the handler has long returned` : where;
}

/** What becomes of a process that has died, and of one that is to be stopped. */
export interface WorkerEnds {
  died(worker: Worker): void;
  redeploy(worker: Worker): void;
}

/** A process: a place for one `connect()`, which can die. After that no call of it reaches anything, and nothing answers it. */
export class Worker implements Owner, SeamOwner {
  readonly name: string;
  readonly number: number;
  readonly service: string;
  readonly runtime: Runtime;
  readonly seam: Seam;
  /** Handlers that run. */
  readonly frames = new Set<Frame>();
  dead = false;
  pausedUntil = 0;
  skewMs = 0;
  /** Effects, settlements and sends that are under way. */
  busy = 0;
  /** Waits on the clock that no handler waits for, such as those of a loop in the background. */
  sleeping = 0;
  readonly #state: RunState;
  readonly #ends: WorkerEnds;
  /** The id of the message that is being published, for core to give it. */
  #id: string | undefined;
  readonly nextId: () => string;
  stoppedAt: number | undefined;

  constructor(name: string, service: string, number: number, state: RunState, ends: WorkerEnds) {
    this.name = name;
    this.number = number;
    this.service = service;
    this.#state = state;
    this.#ends = ends;
    const runtime = state.clock.runtimeFor(this, state.seed + SEED_STEP * (number + 1));
    const uuid = () => this.#takeId() ?? runtime.uuid();
    this.runtime = { ...runtime, uuid };
    this.nextId = runtime.uuid;
    this.seam = new Seam(this, state);
  }

  /** Publishes a message under this id as core publishes one that is given none: an option would take another way through core. */
  withId<T>(id: string, publish: () => T): T {
    this.#id = id;
    try {
      return publish();
    } finally {
      this.#id = undefined;
    }
  }

  #takeId(): string | undefined {
    const id = this.#id;
    this.#id = undefined;
    return id;
  }

  /** True if a call must wait at the {@link gate}. Asked first, since a call that waits for nothing costs a promise. */
  get shut(): boolean {
    return this.dead || this.pausedUntil > this.#state.clock.elapsed;
  }

  /** It has just stood still: what its timers are to tell it of that time may still be to come. */
  get waking(): boolean {
    return this.pausedUntil > 0 && this.#state.clock.elapsed - this.pausedUntil < WAKING_MS;
  }

  /** Lets a call through if the process lives, once it does not stand still. */
  async gate(): Promise<void> {
    if (this.dead) return never();
    if (this.pausedUntil > this.#state.clock.elapsed)
      await this.runtime.sleep(this.pausedUntil - this.#state.clock.elapsed);
    if (this.dead) return never();
  }

  /** Dies as if the machine had lost its power. */
  die(how: string, message = 0): void {
    if (this.dead) return;
    this.#state.chose("crash", () => `${this.name} dies ${how}${this.#others(message)}`, message);
    this.dead = true;
    this.frames.clear();
    this.busy = 0;
    this.seam.close();
    this.#ends.died(this);
  }

  /** Dies while everything in it waits, or while nothing is in it. */
  dieWaiting(): void {
    const [frame] = this.frames;
    if (frame === undefined) return this.die("while it does nothing");
    const { last, running, message } = frame;
    const next = running[0] ?? (last === undefined ? "its first effect" : this.#state.courses.after(last));
    this.die(between(frame, last, next), message);
  }

  redeploy(): void {
    this.#ends.redeploy(this);
  }

  /** Where the other handlers of this process are: they have done something, and die or stand still with it. */
  #others(message: number): string {
    const { courses } = this.#state;
    const others = [...this.frames].filter((frame) => frame.message !== message && frame.last !== undefined);
    const where = others
      .slice(0, 3)
      .map((frame) => `#${frame.message} after ${frame.last} and before ${courses.after(frame.last!)}`);
    if (others.length > 3) where.push(`${others.length - 3} more`);
    return where.length === 0 ? "" : `, and with it ${where.join(", ")}`;
  }

  /** An effect of it is about to fail, and perhaps nobody awaits it. */
  rejects(): void {
    this.#state.clock.rejections = true;
  }

  /** Stands still for longer than a hold. */
  pause(how: string, message = 0): void {
    const { clock, holdMs, ledger } = this.#state;
    const ms = Math.ceil(holdMs * PAUSE);
    this.#state.chose("pause", () => `${this.name} stands still for ${ms / 1_000} s ${how}`, message);
    this.pausedUntil = clock.elapsed + ms;
    // What it ran does not run while it stands still, and its hold is over when it goes on.
    ledger.died(this.name);
  }

  /** Does one effect: it begins, takes a moment, is done, and its answer comes back. At each step the run may choose otherwise. */
  async perform<T>(
    frame: Frame | undefined,
    name: string,
    args: readonly unknown[],
    act: () => T | Promise<T>,
  ): Promise<T> {
    const { choices, story, performed } = this.#state;
    const message = frame === undefined ? 0 : frame.message;
    if (this.dead) return never();
    this.busy++;
    if (frame !== undefined) frame.begins(name);
    try {
      const before = choices.choose(SITE.before, message, 7);
      const ms = before === 0 ? EFFECT_MS : this.#beforehand(before, name, message);
      if (this.shut) await this.gate();
      await this.runtime.sleep(ms);
      if (this.shut) await this.gate();
      if (before !== 0 && this.#prevented(before, frame, name, args)) return await never();
      let result: T;
      try {
        const doing = act();
        result = typeof (doing as PromiseLike<T> | undefined)?.then === "function" ? await doing : (doing as T);
      } catch (error) {
        if (story.recorded) this.#tell(message, `${called(name, args)} throws ${thrownBy(error)}`);
        throw error;
      }
      // Told at once: another handler of this process may die in the same moment, and what was done is done.
      if (frame !== undefined) frame.last = name;
      performed.push({ name, args, message });
      if (story.recorded) this.#tell(message, called(name, args));
      if (this.shut) await this.gate();
      const then = choices.choose(SITE.after, message, 4);
      if (then === 0) return result;
      if (this.#spoilt(then, frame, name)) return await never();
      if (this.shut) await this.gate();
      return result;
    } finally {
      if (frame !== undefined) frame.ends(name);
      if (!this.dead) this.busy--;
    }
  }

  /** What was chosen for the time before an effect, which takes this long in milliseconds. */
  #beforehand(chosen: number, name: string, message: number): number {
    const { faults } = this.#state;
    if (chosen === 2 && faults.pause) this.pause(`before ${name}`, message);
    if (chosen < 4 || !faults.slow) return EFFECT_MS;
    const slow = SLOW_MS[chosen - 4]!;
    if (slow > 0) this.#state.chose("slow", () => `${this.#who(message)}: ${name} takes ${slow} ms`, message);
    return slow + EFFECT_MS;
  }

  /** True if the process dies in place of the effect. It may also fail. */
  #prevented(chosen: number, frame: Frame | undefined, name: string, args: readonly unknown[]): boolean {
    const { faults } = this.#state;
    const message = frame?.message ?? 0;
    if ((chosen === 1 || chosen === 6) && faults.crash) {
      this.die(between(frame, frame?.last, name), message);
      return true;
    }
    if (chosen !== 3 || !faults.effect) return false;
    const text = () => `${this.#who(message)}: ${called(name, args)} fails, and nothing was done`;
    this.#state.chose("effect", text, message);
    throw new EffectFailed(this, `${name} failed (chosen by the run; nothing was done)`);
  }

  /** True if the process dies once the effect is done. Its answer may also be lost. */
  #spoilt(chosen: number, frame: Frame | undefined, name: string): boolean {
    const { faults, courses } = this.#state;
    const message = frame?.message ?? 0;
    if (chosen === 1 && faults.crash) {
      this.die(between(frame, name, courses.after(name)), message);
      return true;
    }
    if (chosen === 2 && faults.effect) {
      const text = () => `${this.#who(message)}: the answer of ${name} is lost, so it fails after it was done`;
      this.#state.chose("effect", text, message);
      throw new EffectFailed(this, `${name} failed (chosen by the run; it was done, and its answer lost)`);
    }
    if (chosen === 3 && faults.pause) this.pause(between(frame, name, courses.after(name)), message);
    return false;
  }

  #who(message: number): string {
    return message === 0 ? this.name : `${this.name} (#${message})`;
  }

  #tell(message: number, what: string): void {
    this.#state.story.tell(() => `${this.#who(message)}: ${what}`, message);
  }
}
