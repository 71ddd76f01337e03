/** One run of a scenario: its processes on one clock and one broker, until everything has come to its end or something is wrong. */
import { isDeepStrictEqual } from "node:util";
import {
  type AnyChannel,
  type AnyDelivery,
  type ConfigInput,
  connect,
  type ConnectOptions,
  type Consumer,
  type Messaging,
  type MessagingEvent,
  MessagingError,
  middleware,
  type Runtime,
} from "@switchyard/core";
import { parseDuration } from "@switchyard/core/driver-kit";
import { seededRandom } from "@switchyard/core/testing";
import { control, forgetBroker } from "@switchyard/memory/testing";
import { Choices, SITE, type Start } from "./choices.ts";
import { Clock } from "./clock.ts";
import { currentFrame, type Frame, within } from "./context.ts";
import { effectsOf } from "./effects.ts";
import type { Guard } from "./guard.ts";
import { Ledger } from "./ledger.ts";
import type { Facts, PlayTools, Scenario, Clock as ScenarioClock } from "./scenario.ts";
import { quoted, Story, thrownBy } from "./story.ts";
import { type Faults, type Performed, type Surroundings, Worker } from "./worker.ts";

/** A scenario whose types do not matter any more. */
export type AnyScenario = Scenario<readonly AnyChannel[], any>;

/** What was wrong with a run. Two failures are the same if their `name`s are. */
export interface Wrong {
  readonly name: string;
  readonly text: string;
}

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

/** The calm course of each type: its effects in order, from a run without faults. */
export type Courses = Map<string, string[]>;

const ALL: Faults = {
  crash: true,
  pause: true,
  effect: true,
  duplicate: true,
  delay: true,
  publish: true,
  ack: true,
  cut: true,
  clock: true,
  restart: true,
  reshard: true,
};
/** A stream is not split further than this. */
const MOST_PARTITIONS = 8;
/** How long loops in the background go on once everything else has come to its end, in milliseconds. */
const BACKGROUND_MS = 600_000;
/** A process that died is replaced after this time, in milliseconds. */
const RESTART_MS = 1_000;
/** A message that is delivered this often has no end. */
const MOST_DELIVERIES = 200;
/** Steps of time after which a run has no end. */
const MOST_STEPS = 20_000;
/** Turns of the event loop in which modules and a configuration may be loaded. */
const LOADING_TURNS = 20_000;
/** Disturbances from outside in one run: cuts, restarts, jumps of a clock. */
const TROUBLES = 2;
const TROUBLE_AFTER_MS = [1, 3, 10, 1_000, 31_000];
const JUMPS_MS = [-3_600_000, 3_600_000, 90_000];

interface Made {
  readonly worker: Worker;
  consumers: readonly Consumer<any>[];
  messaging: Messaging | undefined;
}

let runs = 0;

/** Runs a scenario once. `courses` gathers the calm course when it is empty, and gives words to a story otherwise. */
export function run(scenario: AnyScenario, start: Start, guard: Guard, courses: Courses): Promise<Ran> {
  return new Run(scenario, start, guard, courses).whole();
}

class Run {
  readonly #scenario: AnyScenario;
  readonly #guard: Guard;
  readonly #seed: number;
  readonly #clock = new Clock();
  readonly #choices: Choices;
  readonly #story: Story;
  readonly #ledger: Ledger;
  readonly #around: Surroundings;
  readonly #courses: Courses;
  readonly #learning: boolean;
  readonly #broker = `explore-${++runs}`;
  readonly #brokerRuntime: Runtime;
  readonly #world: object;
  readonly #living = new Map<Worker, Messaging>();
  readonly #reached = new Set<string>();
  readonly #performed: Performed[] = [];
  readonly #begun = new WeakSet<AnyDelivery>();
  #outsider!: Messaging;
  #outside!: Worker;
  #loading = 0;
  #lives = 0;
  #wrong: Wrong | undefined;
  #played = false;
  #holdMs = 0;
  #restUntil: number | undefined;

  constructor(scenario: AnyScenario, start: Start, guard: Guard, courses: Courses) {
    this.#scenario = scenario;
    this.#guard = guard;
    this.#courses = courses;
    this.#learning = courses.size === 0;
    this.#seed = start.seed;
    this.#choices = new Choices(start, seededRandom(start.seed ^ 0x5ced));
    this.#story = new Story(this.#clock);
    this.#ledger = new Ledger(scenario.channels, this.#story);
    this.#brokerRuntime = this.#clock.runtimeFor({ dead: false, pausedUntil: 0, skewMs: 0 }, start.seed + 1);
    this.#around = {
      clock: this.#clock,
      choices: this.#choices,
      story: this.#story,
      faults: { ...ALL, ...scenario.faults },
      brokerRuntime: this.#brokerRuntime,
      holdMs: () => this.#holdMs,
      after: (name) => this.#following(name),
      performed: this.#performed,
      died: (worker) => this.#died(worker),
      // What it ran does not run while it stands still, and its hold is over when it goes on.
      paused: (worker) => this.#ledger.died(worker.name),
    };
    this.#world = scenario.world() as object;
  }

  async whole(): Promise<Ran> {
    try {
      await this.#begin();
      await this.#middle();
      if (this.#wrong === undefined) this.#end();
      if (this.#wrong === undefined && this.#learning) await this.#stop();
    } finally {
      for (const worker of [...this.#living.keys(), this.#outside]) if (worker !== undefined) worker.dead = true;
      forgetBroker(this.#broker);
    }
    return {
      wrong: this.#wrong,
      story: this.#story,
      choices: this.#choices,
      reached: this.#reached,
      world: this.#world,
      facts: this.#ledger.facts,
      performed: this.#performed,
    };
  }

  async #begin(): Promise<void> {
    this.#outside = new Worker("the outside", "outside", this.#seed + 2, this.#around);
    const made = Object.keys(this.#scenario.services).flatMap((service) =>
      Array.from({ length: this.#scenario.processes ?? 2 }, (_, at) => this.#make(service, `${service} ${at + 1}`)),
    );
    this.#outsider = await this.#until(this.#connect(this.#outside));
    for (const { groups } of Object.values(this.#outsider.explain().channels))
      for (const { hold } of Object.values(groups)) this.#holdMs = Math.max(this.#holdMs, parseDuration(hold) ?? 0);
    await this.#until(Promise.all(made.map((one) => this.#launch(one))));
    this.#story.begin();
    void this.#play();
    for (let trouble = 1; trouble <= TROUBLES; trouble++) this.#trouble(trouble);
  }

  /** Lets time pass until everything has come to its end. */
  async #middle(): Promise<void> {
    for (let step = 0; this.#wrong === undefined; step++) {
      await this.#settle();
      this.#look();
      if (this.#wrong !== undefined || (await this.#over())) return;
      if (this.#guard.refused !== undefined) throw this.#guard.refused;
      this.#lookForRealWaits();
      if (step > MOST_STEPS || this.#ledger.mostDeliveries > MOST_DELIVERIES) return this.#endless();
      if (this.#clock.due === undefined) return this.#endless();
      this.#clock.next();
    }
  }

  #endless(): void {
    const often = this.#ledger.mostDelivered();
    const waiting = [...this.#living.keys()].flatMap(({ name, frames }) =>
      [...frames].map((frame) => `${name} still handles ${this.#story.name(frame.message)}`),
    );
    const why = waiting.length > 0 ? waiting.join("; ") : `${often.name} was delivered ${often.count} times`;
    this.#fail("never-ends", `it never comes to an end: after ${hours(this.#clock.elapsed)} without new faults ${why}`);
  }

  #end(): void {
    const facts = this.#ledger.facts;
    for (const lost of this.#ledger.lost()) return this.#fail("lost", lost);
    for (const [name, holds] of Object.entries(this.#scenario.eventually ?? {})) {
      const said = this.#ask(name, () => holds(this.#world, facts));
      if (said === undefined) return;
      if (said.value === false || typeof said.value === "string")
        return this.#fail(
          `eventually ${name}`,
          `"${name}" is not so at the end${said.value === false ? "" : `: ${said.value}`}`,
        );
    }
    const { compare } = this.#scenario;
    if (compare !== undefined) {
      const expected: unknown = compare.expected(facts.accepted);
      const actual: unknown = compare.actual(this.#world);
      if (!isDeepStrictEqual(expected, actual))
        return this.#fail(
          "compare",
          `the world is ${quoted(actual, 200)} at the end; the model says ${quoted(expected, 200)}`,
        );
    }
    for (const [name, reached] of Object.entries(this.#scenario.sometimes ?? {}))
      if (reached(this.#world, facts)) this.#reached.add(name);
  }

  /** The invariants that hold at any time. */
  #look(): void {
    if (this.#ledger.wrong !== undefined) return this.#fail(this.#ledger.wrong.name, this.#ledger.wrong.text);
    for (const [name, violated] of Object.entries(this.#scenario.never ?? {})) {
      const said = this.#ask(name, () => violated(this.#world, this.#ledger.facts));
      if (said === undefined) return;
      if (said.value === true || typeof said.value === "string")
        return this.#fail(`never ${name}`, `"${name}" has happened${said.value === true ? "" : `: ${said.value}`}`);
    }
    for (const [name, reached] of Object.entries(this.#scenario.sometimes ?? {}))
      if (!this.#reached.has(name) && reached(this.#world, this.#ledger.facts)) this.#reached.add(name);
  }

  /** Asks an invariant. One that throws has failed, under its own name. */
  #ask(name: string, ask: () => unknown): { readonly value: unknown } | undefined {
    try {
      return { value: ask() };
    } catch (error) {
      this.#fail(`threw ${name}`, `the invariant "${name}" threw ${thrownBy(error)}`);
      return undefined;
    }
  }

  #fail(name: string, text: string): void {
    this.#wrong ??= { name, text };
  }

  /** True if nothing is under way and nothing waits at the broker. */
  async #over(): Promise<boolean> {
    if (!this.#played || this.#loading > 0 || this.#outside.busy > 0) return false;
    for (const { frames, busy } of this.#living.keys()) if (frames.size > 0 || busy > 0) return false;
    if (this.#living.size === 0) return false;
    for (const channel of this.#scenario.channels) {
      if (!this.#ledger.groups.has(channel.name)) continue;
      const depths = await this.#outsider.depth(channel as never);
      for (const { ready = 0, held = 0, delayed = 0 } of depths as readonly Record<
        "ready" | "held" | "delayed",
        number
      >[])
        if (ready + held + delayed > 0) return false;
    }
    // What goes on in the background is given time to do what it is for, and may go on for ever.
    if (![...this.#living.keys()].some(({ sleeping }) => sleeping > 0)) return true;
    this.#restUntil ??= this.#clock.elapsed + BACKGROUND_MS;
    return this.#clock.elapsed >= this.#restUntil;
  }

  /** Stops every process as a deployment does. Afterwards nothing of ours may wait. */
  async #stop(): Promise<void> {
    const living = [...this.#living];
    this.#living.clear();
    await this.#until(Promise.all(living.map(([, messaging]) => messaging.stop({ deadline: "5s" }))));
    for (const [worker] of living) {
      const left = this.#clock.pending(worker) - worker.sleeping;
      if (left > 0)
        this.#fail("leak", `${worker.name} has stopped and left ${left === 1 ? "a timer" : `${left} timers`} behind`);
    }
  }

  async #settle(): Promise<void> {
    await this.#clock.drain();
    for (let turns = 0; this.#loading > 0 && turns < LOADING_TURNS; turns++) await this.#clock.drain();
  }

  /** Waits for something of the beginning, with time passing if it must. */
  async #until<T>(work: Promise<T>): Promise<T> {
    let over = false;
    const ended = () => {
      over = true;
    };
    work.then(ended, ended);
    for (let step = 0; step < MOST_STEPS; step++) {
      await this.#settle();
      if (over) return work;
      if (this.#loading === 0) this.#clock.next();
    }
    throw new MessagingError("explore-start", "the services did not start", { kind: "config" });
  }

  /** A process and its consumers, not yet connected. */
  #make(service: string, name: string): Made {
    const worker = new Worker(name, service, this.#seed + 100 * ++this.#lives, this.#around);
    const made: Made = { worker, consumers: [], messaging: undefined };
    const tools = {
      world: effectsOf(this.#world, (effect, args, act) => worker.perform(undefined, effect, args, act)),
      messaging: this.#seen(worker, () => made.messaging),
      clock: this.#clockOf(worker),
    };
    const consumers = this.#scenario.services[service]!(tools as never);
    made.consumers = Array.isArray(consumers) ? (consumers as Consumer<any>[]) : [consumers as Consumer<any>];
    for (const { channel, group } of made.consumers) this.#ledger.group(channel.name, group);
    return made;
  }

  async #launch(made: Made): Promise<void> {
    const { worker, consumers } = made;
    made.messaging = await this.#connect(worker);
    if (worker.dead) return;
    for (const one of consumers) made.messaging.consume(this.#watched(worker, one) as never);
    this.#living.set(worker, made.messaging);
    await made.messaging.start();
  }

  async #connect(worker: Worker): Promise<Messaging> {
    this.#loading++;
    try {
      const connected = await connect({
        channels: this.#scenario.channels,
        service: worker.service,
        ...this.#settings(worker),
        runtime: worker.runtime,
        observe: (event) => this.#observe(worker, event),
      });
      return connected as unknown as Messaging;
    } finally {
      this.#loading--;
    }
  }

  /** The scenario's own configuration with every channel moved to memory, or one made from its settings. */
  #settings(worker: Worker): Pick<ConnectOptions, "config" | "profile" | "env" | "adapters"> {
    const { config, profile, on = "memory", channels } = this.#scenario;
    if (config === undefined) return { config: this.#config(worker), env: {} };
    const env: Record<string, string> = {
      SWITCHYARD__PREFIX: "explore",
      SWITCHYARD__CONNECTIONS__MEMORY__USE: "memory",
      SWITCHYARD__CONNECTIONS__MEMORY__BROKER: this.#broker,
      ...(on === "memory" ? {} : { SWITCHYARD__CONNECTIONS__MEMORY__PROFILE: on }),
    };
    for (const { name } of channels)
      env[`SWITCHYARD__CHANNELS__${name.replaceAll("-", "_").toUpperCase()}__ON`] = "memory";
    return { config, ...(profile === undefined ? {} : { profile }), env, adapters: [worker.adapter] };
  }

  #config(worker: Worker): ConfigInput {
    const { on = "memory", model = "queue", policy, group = {} } = this.#scenario;
    const channels = this.#scenario.channels.map(({ name }) => {
      const groups = this.#ledger.groups.get(name) ?? new Set<string>();
      const names = groups.size === 0 ? ["nobody"] : [...groups];
      const its = typeof model === "string" ? model : (model[name] ?? "queue");
      return [
        name,
        { model: its, on: "memory", groups: Object.fromEntries(names.map((one) => [one, group])) },
      ] as const;
    });
    return {
      prefix: "explore",
      connections: {
        memory: { use: worker.adapter, broker: this.#broker, ...(on === "memory" ? {} : { profile: on }) },
      },
      channels: Object.fromEntries(channels),
      ...(policy === undefined ? {} : { policies: { default: policy } }),
    } as ConfigInput;
  }

  #observe(worker: Worker, event: MessagingEvent): void {
    if (worker.dead || event.id === undefined) return;
    if (event.type !== "dead-letter" && event.type !== "skipped" && event.type !== "expired") return;
    const number = this.#story.number(event.id);
    const reason = "reason" in event && typeof event.reason === "string" ? `: ${event.reason}` : "";
    this.#story.tell(
      `${this.#story.name(number)} is ${event.type === "dead-letter" ? "a dead letter" : event.type}${reason}`,
      number,
    );
    this.#ledger.end(event.group ?? "", event.id, event.type);
  }

  #died(worker: Worker): void {
    this.#living.delete(worker);
    this.#ledger.died(worker.name);
    if (worker === this.#outside) return;
    this.#clock.timer(this.#outside, RESTART_MS, () => {
      this.#story.tell(`${worker.name} starts again`);
      const made = this.#make(worker.service, worker.name);
      this.#launch(made).catch((error: unknown) => {
        if (made.worker.dead) return;
        this.#story.tell(`${worker.name} does not start: ${thrownBy(error)}`);
        made.worker.dead = true;
        this.#died(made.worker);
      });
    });
  }

  #clockOf(worker: Worker): ScenarioClock {
    return {
      now: () => new Date(worker.runtime.now()),
      sleep: async (time, signal) => {
        const ms = parseDuration(time);
        if (ms === undefined)
          throw new MessagingError("bad-option", `clock.sleep(${quoted(time)}): not a duration, such as 5s or 200`, {
            kind: "config",
          });
        const frame = currentFrame();
        const background = frame === undefined || frame.ended;
        if (background) worker.sleeping++;
        else worker.busy++;
        await worker.runtime.sleep(ms, signal);
        await worker.gate();
        if (background) worker.sleeping--;
        else worker.busy--;
      },
    };
  }

  /** Messaging as a service gets it: publishes are effects, and the messages get their names. */
  #seen(worker: Worker, messaging: () => Messaging | undefined): Messaging {
    const real = (): any => {
      const found = messaging();
      if (found !== undefined) return found;
      throw new MessagingError("explore-start", "messaging is used before the service has started", { kind: "config" });
    };
    const identified = <O extends { readonly id?: string }>(options: O) => ({
      ...options,
      id: options.id ?? worker.runtime.uuid(),
    });
    const doing = <T>(what: string, data: unknown, act: () => Promise<T>): Promise<T> =>
      currentFrame()?.perform(`publish ${what}`, [data], act) ?? act();
    const publish = (channel: AnyChannel, type: string, data: unknown, given: { id?: string } = {}) => {
      const options = identified(given);
      const message = { type, data, id: options.id };
      return doing(`${channel.name}.${type}`, data, () =>
        this.#published(worker, channel, [message], () => real().publish(channel, type, data, options)),
      );
    };
    const publishMany = (
      channel: AnyChannel,
      given: readonly { type: string; data: unknown; id?: string }[],
      rest?: unknown,
    ) => {
      const items = given.map(identified);
      return doing(`${items.length} messages to ${channel.name}`, undefined, () =>
        this.#published(worker, channel, items, () => real().publishMany(channel, items, rest)),
      );
    };
    return new Proxy({} as Messaging, {
      get: (_target, key) => {
        if (key === "publish") return publish;
        if (key === "publishMany") return publishMany;
        const value: unknown = real()[key];
        return typeof value === "function" ? (value as (...given: unknown[]) => unknown).bind(real()) : value;
      },
    });
  }

  async #published<T>(
    worker: Worker,
    channel: AnyChannel,
    messages: readonly { readonly type: string; readonly data: unknown; readonly id: string }[],
    send: () => Promise<T>,
  ): Promise<T> {
    for (const { type, data, id } of messages) {
      const number = this.#story.number(id, `${channel.name}.${type}`);
      this.#ledger.asked(worker.name, channel, { channel: channel.name, type, data, id }, number);
      this.#story.tell(`${worker.name} publishes ${this.#story.name(number)} ${quoted(data)}`, number);
    }
    worker.busy++;
    try {
      const answer = await send();
      await worker.gate();
      for (const [at, { id }] of messages.entries())
        if (!Array.isArray(answer) || (answer[at] as { ok: boolean }).ok) this.#ledger.accepted(id);
      return answer;
    } catch (error) {
      for (const { id } of messages) {
        const number = this.#story.number(id);
        this.#story.tell(
          `${worker.name}: the publish of ${this.#story.name(number)} rejects: ${thrownBy(error)}`,
          number,
        );
      }
      throw error;
    } finally {
      if (!worker.dead) worker.busy--;
    }
  }

  async #play(): Promise<void> {
    const publish = this.#seen(this.#outside, () => this.#outsider) as any;
    const tools: PlayTools<AnyChannel> = {
      publish: async (channel, type, data, options) => {
        await publish.publish(channel, type, data, options);
      },
      clock: this.#clockOf(this.#outside),
      choose: (options) => this.#choices.choose(SITE.play, 0, options, 10),
    };
    try {
      await this.#scenario.play(tools as never);
    } catch (error) {
      // A publish that was refused or got no answer is a fault that was chosen; anything else is a mistake of the scenario.
      if (!(error instanceof MessagingError)) this.#fail("threw play", `play() threw ${thrownBy(error)}`);
      else if (error.kind === "config" || error.kind === "permanent")
        this.#fail("threw play", `play() threw ${error.message}`);
    }
    this.#played = true;
  }

  /** A disturbance from outside: a cut, a deployment, a jump of a clock. */
  #trouble(number: number): void {
    const kind = this.#choices.choose(SITE.trouble, number, 6);
    if (kind === 0) return;
    const after = TROUBLE_AFTER_MS[this.#choices.choose(SITE.when, number, TROUBLE_AFTER_MS.length, 10)]!;
    const whom = this.#choices.choose(SITE.whom, number, 8, 10);
    const jump = JUMPS_MS[whom % JUMPS_MS.length]!;
    const { faults } = this.#around;
    this.#clock.timer(this.#outside, after, () => {
      const workers = [...this.#living.keys()];
      const worker = workers[whom % workers.length];
      if (worker === undefined) return;
      if (kind === 1 && faults.cut) {
        this.#story.tell(`the connection of ${worker.name} is cut`, 0, true);
        worker.cut();
      } else if (kind === 2 && faults.restart) {
        this.#story.tell(`${worker.name} is stopped, as for a deployment`, 0, true);
        void this.#living
          .get(worker)!
          .stop({ deadline: "5s" })
          .then(() => {
            if (worker.dead) return;
            worker.dead = true;
            this.#died(worker);
          });
      } else if (kind === 3 && faults.clock) {
        this.#story.tell(`the wall clock of ${worker.name} jumps by ${jump / 60_000} min`, 0, true);
        worker.skewMs += jump;
      } else if (kind === 4 && faults.crash) worker.die("between two steps");
      else if (kind === 5 && faults.reshard) this.#reshard(whom);
    });
  }

  /** Splits a partition of a stream. Between the partitions before and after it there is no order. */
  #reshard(whom: number): void {
    const broker = control(this.#broker);
    const streams = Object.entries(this.#outsider.explain().channels).filter(([, { model }]) => model === "stream");
    const [name, { address }] = streams[whom % streams.length] ?? ["", { address: "" }];
    const partitions = address === "" ? [] : (broker?.partitions(address) ?? []);
    const partition = partitions[whom % partitions.length];
    if (broker === undefined || partition === undefined || partitions.length > MOST_PARTITIONS) return;
    this.#story.tell(`partition ${partition} of ${name} is split`, 0, true);
    this.#ledger.resharded(name);
    broker.split(address, partition);
  }

  #following(name: string): string {
    for (const course of this.#courses.values()) {
      const at = course.indexOf(name);
      if (at >= 0 && at + 1 < course.length) return course[at + 1]!;
    }
    return "the acknowledgement";
  }

  /** The same consumer, with its handlers watched, and its middleware where each message has its own. */
  #watched(worker: Worker, consumer: Consumer<any>): Consumer<any> {
    const handlers = Object.entries(consumer.handlers).map(([type, handler]) => {
      if (handler === "ignore") return [type, handler] as const;
      const call = (data: unknown, delivery: AnyDelivery) =>
        this.#handle(worker, consumer, [delivery], () => (handler as any)(data, delivery));
      return [type, call] as const;
    });
    const { handler } = consumer;
    const { use = [] } = consumer.options;
    const outermost = middleware(async (delivery, next) => {
      await this.#handle(worker, consumer, [delivery], next);
    });
    return Object.freeze({
      ...consumer,
      handlers: Object.freeze(Object.fromEntries(handlers)),
      ...(handler === undefined
        ? {}
        : {
            handler: (batch: Iterable<AnyDelivery>) =>
              this.#handle(worker, consumer, [...batch], () => (handler as any)(batch)),
          }),
      ...(use.length === 0 || handler !== undefined
        ? {}
        : { options: { ...consumer.options, use: [outermost, ...use] } }),
    }) as Consumer<any>;
  }

  async #handle(
    worker: Worker,
    consumer: Consumer<any>,
    deliveries: readonly AnyDelivery[],
    act: () => unknown,
  ): Promise<unknown> {
    if (worker.dead) return new Promise(() => {});
    const { group } = consumer;
    const first = deliveries[0]!;
    // Its middleware has begun already, for the same message.
    if (this.#begun.has(first)) return act();
    this.#begun.add(first);
    const numbers = deliveries.map(({ id, channel, type }) => this.#story.number(id, `${channel}.${type}`));
    for (const [at, { raw }] of deliveries.entries()) worker.known(raw, numbers[at]!);
    const message = numbers[0]!;
    const names = numbers.map((number) => this.#story.name(number)).join(", ");
    const course = `${first.channel} ${group} ${deliveries.length > 1 ? "batch" : first.type}`;
    const frame: Frame = {
      process: worker.name,
      message,
      waits: 0,
      running: new Set(),
      last: undefined,
      ended: false,
      now: worker.runtime.now,
      random: worker.runtime.random,
      uuid: worker.runtime.uuid,
      perform: async (name, args, effect) => {
        this.#learn(course, name);
        frame.waits++;
        frame.running.add(name);
        try {
          return await worker.perform(frame, name, args, effect);
        } finally {
          frame.waits--;
          frame.running.delete(name);
        }
      },
    };
    worker.frames.add(frame);
    this.#story.tell(`${worker.name} handles ${names} (attempt ${first.attempt})`, message);
    for (const delivery of deliveries) this.#ledger.begins(group, delivery, worker.name);
    let failed: unknown;
    let result: unknown;
    try {
      result = await within(frame, act);
    } catch (error) {
      failed = error ?? new Error("the handler threw nothing");
    }
    await worker.gate();
    frame.ended = true;
    worker.frames.delete(frame);
    for (const delivery of deliveries) this.#ledger.left(group, delivery);
    if (failed !== undefined) {
      this.#story.tell(`${worker.name}: the handler of ${names} throws ${thrownBy(failed)}`, message);
      throw failed;
    }
    const running = [...frame.running];
    if (running.length > 0)
      this.#story.tell(
        `${worker.name}: the handler of ${names} returns while ${running.join(", ")} still runs (a missing await?)`,
        message,
      );
    for (const delivery of deliveries) this.#ledger.handled(group, delivery.id);
    return result;
  }

  /** Notes the effects of the calm course, once for each type. */
  #learn(course: string, name: string): void {
    if (!this.#learning) return;
    const known = this.#courses.get(course) ?? [];
    if (!known.includes(name)) known.push(name);
    this.#courses.set(course, known);
  }

  /** A handler that waits for nothing that the run knows may wait for another handler, or for something real. */
  #lookForRealWaits(): void {
    for (const worker of this.#living.keys()) {
      if (worker.busy > 0) continue;
      for (const frame of worker.frames) {
        if (frame.waits > 0) continue;
        const found = this.#guard.outside(`the handler of ${this.#story.name(frame.message)}`);
        if (found !== undefined) throw found;
      }
    }
  }
}

const hours = (ms: number): string =>
  ms < 7_200_000 ? `${Math.round(ms / 60_000)} minutes` : `${Math.round(ms / 3_600_000)} hours`;
