/** What the parts of one run share. */
import type { AnyDelivery, Runtime } from "@switchyard/core";
import { seededRandom } from "@switchyard/core/testing";
import { Choices, type Start } from "./choices.ts";
import { Clock, type Owner } from "./clock.ts";
import type { Courses } from "./courses.ts";
import { ALL_FAULTS, type Faults } from "./faults.ts";
import { Ledger } from "./ledger.ts";
import type { AnyScenario, Prepared } from "./prepared.ts";
import { Story } from "./story.ts";

/** What was wrong with a run. Two failures are the same if their `name`s are. */
export interface Wrong {
  readonly name: string;
  readonly text: string;
}

/** An effect that was done, in the order of their doing. */
export interface Performed {
  readonly name: string;
  readonly args: readonly unknown[];
  readonly message: number;
}

let runs = 0;

/** One run: its time, its choices, its world, and what has happened in it. */
export class RunState {
  readonly prepared: Prepared;
  readonly scenario: AnyScenario;
  readonly seed: number;
  readonly clock = new Clock();
  readonly choices: Choices;
  readonly story: Story;
  readonly ledger: Ledger;
  readonly courses: Courses;
  /** This run is the first one, and the calm course is learned from it. */
  readonly learning: boolean;
  /** Nothing is chosen: at its end the processes are stopped, and must leave nothing behind. */
  readonly calm: boolean;
  readonly faults: Faults;
  /** The name of the broker, which this run has for itself. */
  readonly broker = `explore-${++runs}`;
  readonly brokerOwner: Owner = { dead: false, pausedUntil: 0, skewMs: 0 };
  /** Sends that the broker has accepted and not yet delivered to its queues. */
  underWay = 0;
  /** The broker's own runtime: it has no process. */
  readonly brokerRuntime: Runtime;
  readonly world: object;
  readonly performed: Performed[] = [];
  /** Deliveries whose middleware has begun: their handler is part of the same attempt. Absent without middleware. */
  begun: Set<AnyDelivery> | undefined;
  /** The longest hold of a group, in milliseconds. */
  holdMs = 0;
  /** The first thing that was wrong. */
  wrong: Wrong | undefined;

  constructor(prepared: Prepared, start: Start) {
    const { scenario, courses } = prepared;
    this.prepared = prepared;
    this.scenario = scenario;
    this.seed = start.seed;
    this.choices = new Choices(start, seededRandom(start.seed ^ 0x5ced), seededRandom(start.seed ^ 0xa9a7));
    this.story = new Story(this.clock, start.recorded ?? true);
    this.ledger = new Ledger(scenario.channels, this.story);
    this.courses = courses;
    this.learning = courses.empty;
    this.calm = start.choices?.length === 0;
    this.faults = { ...ALL_FAULTS, ...scenario.faults };
    this.brokerRuntime = this.clock.runtimeFor(this.brokerOwner, start.seed + 1);
    this.world = scenario.world() as object;
  }

  /** A fault was chosen, and happens now. `message` is the number of the message it is about. 0: none. */
  chose(fault: keyof Faults, text: () => string, message = 0): void {
    this.ledger.befell(fault, message);
    this.story.tell(text, message, true);
  }

  fail(name: string, text: string): void {
    this.wrong ??= { name, text };
  }
}
