/** The processes of a run: each made from its service, connected, started, and replaced after its death. */
import { type Consumer, type Messaging, type MessagingEvent } from "@switchyard/core";
import { effectsOf } from "./effects.ts";
import { watched } from "./handling.ts";
import { type MemoryOutbox, outboxesOf, relay } from "./outbox.ts";
import { clockOf, messagingOf } from "./service-tools.ts";
import type { RunState } from "./state.ts";
import { thrownBy } from "./story.ts";
import { Worker, type WorkerEnds } from "./worker.ts";

/** A process that died is replaced after this time, in milliseconds. */
const RESTART_MS = 1_000;

/** Begins the names of relays: `relay of outbox 1`. */
const RELAY = "relay of ";

interface Made {
  readonly worker: Worker;
  consumers: readonly Consumer<any>[];
  messaging: Messaging | undefined;
  /** Begins to relay an outbox of the world, for a process that does nothing else. */
  relays: (() => void) | undefined;
}

/** All that live, and the outside, which publishes and looks and never dies. */
export class Processes {
  readonly living = new Map<Worker, Messaging>();
  readonly outside: Worker;
  outsider!: Messaging;
  /** How many connect: modules and a configuration may be loaded meanwhile. */
  loading = 0;
  /** How many died and are about to be replaced. */
  awaited = 0;
  readonly #state: RunState;
  /** The outboxes of the world, by the name of the service that relays them. */
  readonly relays: ReadonlyMap<string, MemoryOutbox>;
  /** By service: how many processes it has, dead ones that are replaced included. */
  readonly #members = new Map<string, number>();
  readonly #broker: { readonly broker: string };
  #lives = 0;
  readonly #ends: WorkerEnds = {
    died: (worker) => this.#died(worker),
    redeploy: (worker) => this.redeploy(worker),
  };

  constructor(state: RunState) {
    this.#state = state;
    this.#broker = { broker: state.broker };
    this.relays = new Map(outboxesOf(state.world).map(([name, box]) => [`${RELAY}${name}`, box]));
    this.outside = new Worker("the outside", "outside", 0, state, this.#ends);
  }

  /** Makes and starts every process. `until` lets time pass until something is there. */
  async start(until: <T>(work: Promise<T>) => Promise<T>): Promise<void> {
    const { scenario } = this.#state;
    const { processes = 2 } = scenario;
    const made = [...Object.keys(scenario.services), ...this.relays.keys()].flatMap((service) => {
      this.#members.set(service, processes);
      return Array.from({ length: processes }, (_, at) => this.#make(service, `${service} ${at + 1}`));
    });
    this.outsider = await until(this.#connect(this.outside));
    await until(Promise.all(made.map((one) => this.#launch(one))));
  }

  /** Starts another process of a service beside those that run. */
  join(whom: number): void {
    const services = [...this.#members.keys()];
    const service = services[whom % services.length];
    if (service === undefined) return;
    const number = this.#members.get(service)! + 1;
    this.#members.set(service, number);
    const name = `${service} ${number}`;
    this.#state.chose("join", () => `${name} starts beside the others`);
    this.#begin(service, name);
  }

  /** Stops one as a deployment does. Another follows. */
  redeploy(worker: Worker): void {
    worker.stoppedAt ??= this.#state.clock.elapsed;
    const stopped = this.living.get(worker)!.stop({ deadline: "5s" });
    void stopped.then(() => {
      if (worker.dead) return;
      if (worker.sleeping > 0 || worker.busy > 0)
        this.#state.story.tell(() => `${worker.name} has stopped, and what it did in the background is over`);
      else this.leftBehind(worker);
      worker.dead = true;
      this.#died(worker);
    });
  }

  /** A process that has stopped has no timers but those of its own background. */
  leftBehind(worker: Worker): void {
    const left = this.#state.clock.pending(worker) - worker.sleeping;
    const timers = left === 1 ? "a timer" : `${left} timers`;
    if (left > 0 && worker.frames.size === 0)
      this.#state.fail("leak", `${worker.name} has stopped and left ${timers} behind`);
  }

  /** Stops every process as a deployment does. Gives those that were stopped. */
  async stop(): Promise<readonly Worker[]> {
    const living = [...this.living];
    this.living.clear();
    for (const [worker] of living) worker.stoppedAt ??= this.#state.clock.elapsed;
    await Promise.all(living.map(([, messaging]) => messaging.stop({ deadline: "5s" })));
    return living.map(([worker]) => worker);
  }

  /** The run is over: nothing of it does anything more. */
  freeze(): void {
    for (const worker of [...this.living.keys(), this.outside]) worker.dead = true;
  }

  /** A process and its consumers, not yet connected. */
  #make(service: string, name: string): Made {
    const state = this.#state;
    const worker = new Worker(name, service, ++this.#lives, state, this.#ends);
    const made: Made = { worker, consumers: [], messaging: undefined, relays: undefined };
    const tools = {
      world: effectsOf(state.world, (effect, args, act) => worker.perform(undefined, effect, args, act)),
      messaging: messagingOf(state, worker, () => made.messaging),
      clock: clockOf(worker),
    };
    const relayed = this.relays.get(service);
    if (relayed !== undefined) {
      // In a variable first (docs/v8.md#functions-in-properties).
      const begin = () => void relay(state, worker, service.slice(RELAY.length), relayed, () => made.messaging);
      made.relays = begin;
      return made;
    }
    const consumers = state.scenario.services[service]!(tools as never);
    made.consumers = Array.isArray(consumers) ? (consumers as Consumer<any>[]) : [consumers as Consumer<any>];
    for (const { channel, group } of made.consumers) state.ledger.group(channel.name, group);
    return made;
  }

  async #launch(made: Made): Promise<void> {
    const { worker, consumers } = made;
    made.messaging = await this.#connect(worker);
    if (worker.dead) return;
    for (const one of consumers) made.messaging.consume(watched(this.#state, worker, one) as never);
    this.living.set(worker, made.messaging);
    await made.messaging.start();
    made.relays?.();
  }

  async #connect(worker: Worker): Promise<Messaging> {
    this.loading++;
    try {
      const { prepared, ledger } = this.#state;
      const config = await prepared.config(ledger.groups);
      this.#state.holdMs = config.holdMs;
      return await config.connect({
        service: worker.service,
        runtime: worker.runtime,
        observe: (event) => {
          this.#observe(worker, event);
          if (!worker.dead) this.#state.scenario.observe?.(event);
        },
        adapter: worker.seam.adapter,
        options: this.#broker,
        // The outside comes first, and makes what all need.
        ...(worker === this.outside ? {} : { provision: "off" }),
      });
    } finally {
      this.loading--;
    }
  }

  #died(worker: Worker): void {
    const { clock, story, ledger } = this.#state;
    this.living.delete(worker);
    ledger.died(worker.name);
    this.awaited++;
    clock.timer(this.outside, RESTART_MS, () => {
      this.awaited--;
      story.tell(() => `${worker.name} starts again`);
      this.#begin(worker.service, worker.name);
    });
  }

  /** Makes and starts a process while the run goes on. */
  #begin(service: string, name: string): void {
    const made = this.#make(service, name);
    this.#launch(made).catch((error: unknown) => {
      if (made.worker.dead) return;
      this.#state.story.tell(() => `${name} does not start: ${thrownBy(error)}`);
      made.worker.dead = true;
      this.#died(made.worker);
    });
  }

  /** Notes the ends that no handler sees. */
  #observe(worker: Worker, event: MessagingEvent): void {
    if (worker.dead || event.id === undefined) return;
    if (event.type !== "dead-letter" && event.type !== "skipped" && event.type !== "expired") return;
    const { story, ledger } = this.#state;
    const number = story.number(event.id);
    const reason = "reason" in event && typeof event.reason === "string" ? `: ${event.reason}` : "";
    story.tell(
      () => `${story.name(number)} is ${event.type === "dead-letter" ? "a dead letter" : event.type}${reason}`,
      number,
    );
    ledger.end(event.group ?? "", event.id, event.type);
  }
}
