/** One run of a scenario: its processes on one clock and one broker, until everything has come to its end or something is wrong. */
import { MessagingError } from "@switchyard/core";
import { control, forgetBroker } from "@switchyard/memory/testing";
import { type Choices, SITE, type Start } from "./choices.ts";
import { turn } from "./clock.ts";
import type { Guard } from "./guard.ts";
import { lookAt, lookAtEnd } from "./invariants.ts";
import type { Prepared } from "./prepared.ts";
import { Processes } from "./processes.ts";
import type { Facts } from "./scenario.ts";
import { clockOf, messagingOf } from "./service-tools.ts";
import { type Performed, RunState, type Wrong } from "./state.ts";
import { type Story, thrownBy } from "./story.ts";
import { trouble } from "./troubles.ts";

/** How a run ended. */
export interface Ran {
  readonly wrong: Wrong | undefined;
  readonly story: Story;
  readonly choices: Choices;
  readonly reached: ReadonlySet<string>;
  /** As the run left it. */
  readonly world: object;
  readonly facts: Facts;
  readonly performed: readonly Performed[];
}

/** How long loops in the background go on once everything else has come to its end, in milliseconds. */
const BACKGROUND_MS = 600_000;
/** A message that is delivered this often has no end. */
const MOST_DELIVERIES = 200;
/** Steps of time after which a run has no end. */
const MOST_STEPS = 20_000;
/** Turns of the event loop in which modules and a configuration may be loaded. */
const LOADING_TURNS = 20_000;

const nothing = (): void => {};

/** How many runs end without a turn of the event loop, which costs system calls. Where something is rejected on purpose, each run takes one. */
const RUNS_A_TURN = 16;
let ended = 0;

/** Runs a scenario once. The first run of a prepared scenario must be the calm one, which gives words to the stories of the others. */
export async function run(prepared: Prepared, start: Start, guard: Guard): Promise<Ran> {
  const state = new RunState(prepared, start);
  const one = new Run(state, guard);
  try {
    await one.whole();
  } finally {
    one.processes.freeze();
    state.clock.end();
    // Lets the test framework speak with its own, and rejections that nobody handled be noticed.
    if (state.clock.rejections || ++ended % RUNS_A_TURN === 0) await turn();
    forgetBroker(state.broker);
  }
  const { wrong, story, choices, world, ledger, performed } = state;
  return { wrong, story, choices, reached: one.reached, world, facts: ledger.facts, performed };
}

class Run {
  readonly reached = new Set<string>();
  readonly processes: Processes;
  readonly #state: RunState;
  readonly #guard: Guard;
  #played = false;
  #restUntil: number | undefined;

  constructor(state: RunState, guard: Guard) {
    this.#state = state;
    this.#guard = guard;
    this.processes = new Processes(state);
  }

  async whole(): Promise<void> {
    const state = this.#state;
    await this.processes.start((work) => this.#until(work));
    if (!state.prepared.loaded) await this.#load();
    state.story.begin();
    state.choices.begin();
    void this.#play();
    trouble(state, this.processes);
    const { turns } = state.clock;
    await this.#middle();
    if (state.calm) state.prepared.turns = state.clock.turns - turns;
    if (state.wrong === undefined) lookAtEnd(state, this.reached);
    if (state.wrong === undefined && state.calm) await this.#stop();
  }

  /** Loads what core loads when an operation for people is first used. Loading takes real time, and nothing of a run may. */
  async #load(): Promise<void> {
    const { prepared, scenario } = this.#state;
    prepared.loaded = true;
    for (const channel of scenario.channels.slice(0, 1))
      await this.processes.outsider.depth(channel as never).catch(() => {});
  }

  /** Lets time pass until everything has come to its end. */
  async #middle(): Promise<void> {
    const state = this.#state;
    const { clock, ledger } = state;
    for (let step = 0; state.wrong === undefined; step++) {
      await clock.drain();
      if (this.processes.loading > 0) await this.#settle();
      lookAt(state, this.reached);
      if (state.wrong !== undefined || this.#over()) return;
      if (this.#guard.refused !== undefined) throw this.#guard.refused;
      this.#lookForRealWaits();
      if (step > MOST_STEPS || ledger.mostDeliveries > MOST_DELIVERIES) return this.#endless();
      if (clock.due === undefined) return this.#endless();
      clock.next();
    }
  }

  #endless(): void {
    const { clock, ledger, story } = this.#state;
    const often = ledger.mostDelivered();
    const waiting = [...this.processes.living.keys()].flatMap(({ name, frames }) =>
      [...frames].map((frame) => `${name} still handles ${story.name(frame.message)}`),
    );
    const why = waiting.length > 0 ? waiting.join("; ") : `${often.name} was delivered ${often.count} times`;
    this.#state.fail("never-ends", `it never comes to an end: after ${hours(clock.elapsed)} without new faults ${why}`);
  }

  /** True if nothing is under way and nothing waits at the broker. */
  #over(): boolean {
    const { living, loading, awaited, outside, relays } = this.processes;
    const { clock, underWay } = this.#state;
    if (!this.#played || underWay > 0 || loading > 0 || awaited > 0 || outside.busy > 0 || living.size === 0)
      return false;
    for (const { frames, busy } of living.keys()) if (frames.size > 0 || busy > 0) return false;
    for (const box of relays.values()) if (box.rows.length > 0) return false;
    if (this.#backlog() > 0) return false;
    // What goes on in the background is given time to do what it is for, and may go on for ever.
    if (![...living.keys()].some(({ sleeping }) => sleeping > 0)) return true;
    this.#restUntil ??= clock.elapsed + BACKGROUND_MS;
    return clock.elapsed >= this.#restUntil;
  }

  /** How many messages wait or are held for a group that a service consumes. */
  #backlog(): number {
    const { scenario, ledger, broker } = this.#state;
    const { channels } = this.processes.outsider.explain();
    const controls = control(broker);
    if (controls === undefined) return 0;
    let sum = 0;
    for (const { name } of scenario.channels) {
      const channel = channels[name];
      if (channel === undefined || !ledger.groups.has(name)) continue;
      for (const group of Object.keys(channel.groups))
        sum += controls.backlog(channel.model === "stream" ? channel.address : channel.groups[group]!.address, group);
    }
    return sum;
  }

  /** Stops every process as a deployment does. Afterwards nothing of ours may wait. */
  async #stop(): Promise<void> {
    for (const worker of await this.#until(this.processes.stop())) this.processes.leftBehind(worker);
  }

  async #settle(): Promise<void> {
    const { clock } = this.#state;
    await clock.drain();
    for (let turns = 0; this.processes.loading > 0 && turns < LOADING_TURNS; turns++) {
      await turn();
      await clock.drain();
    }
  }

  /** Waits for something of the beginning or the end, with time passing if it must. */
  async #until<T>(work: Promise<T>): Promise<T> {
    let over = false;
    const ended = () => {
      over = true;
    };
    work.then(ended, ended);
    for (let step = 0; step < MOST_STEPS; step++) {
      await this.#settle();
      if (over) return work;
      if (this.processes.loading === 0) this.#state.clock.next();
    }
    throw new MessagingError("explore-start", "the services did not start", { kind: "config" });
  }

  async #play(): Promise<void> {
    const state = this.#state;
    const { outside, outsider } = this.processes;
    const messaging = messagingOf(state, outside, () => outsider) as any;
    const tools = {
      publish: (...given: unknown[]) => (messaging.publish(...given) as Promise<unknown>).then(nothing),
      clock: clockOf(outside),
      choose: (options: number) => state.choices.choose(SITE.play, 0, options, 10),
    };
    try {
      await state.scenario.play(tools as never);
    } catch (error) {
      // A publish that was refused or got no answer is a fault that was chosen; anything else is a mistake of the scenario.
      if (!(error instanceof MessagingError)) state.fail("threw play", `play() threw ${thrownBy(error)}`);
      else if (!state.faults.refuse && (error.kind === "config" || error.kind === "permanent"))
        state.fail("threw play", `play() threw ${error.message}`);
    }
    this.#played = true;
  }

  /** A handler that waits for nothing that the run knows may wait for another handler, or for something real. */
  #lookForRealWaits(): void {
    for (const worker of this.processes.living.keys()) {
      if (worker.busy > 0) continue;
      for (const frame of worker.frames) {
        if (frame.waits > 0) continue;
        const found = this.#guard.outside(`the handler of ${this.#state.story.name(frame.message)}`);
        if (found !== undefined) throw found;
      }
    }
  }
}

const hours = (ms: number): string =>
  ms < 7_200_000 ? `${Math.round(ms / 60_000)} minutes` : `${Math.round(ms / 3_600_000)} hours`;
