import type { Change, Destination, Topology, TopologyPlan } from "@switchyard/core/driver";
import type { Broker } from "../broker/broker.ts";
import { MemoryFault } from "../errors.ts";
import { rulesOf } from "../capabilities.ts";
import { Log } from "../broker/log.ts";
import { baseName, queueName } from "../names.ts";
import type { ResolvedOptions } from "../options.ts";
import { formOf } from "../profiles.ts";
import { Queue } from "../broker/queue.ts";
import { Topic } from "../broker/topic.ts";

const PARTITIONS = 4;

interface Step {
  readonly change: Change;
  run(): void;
}

const namesOf = (of: Destination) => ({ base: baseName(of), name: queueName(of) });

/** Creates the queues, topics and logs that the destinations need. */
export function createTopology(broker: Broker, options: ResolvedOptions): Topology {
  return new MemoryTopology(broker, options);
}

/** Each step of a plan checks again when it runs, so that the same plan can be applied twice, even concurrently. */
class MemoryTopology implements Topology {
  readonly #broker: Broker;
  readonly #options: ResolvedOptions;

  constructor(broker: Broker, options: ResolvedOptions) {
    this.#broker = broker;
    this.#options = options;
  }

  async plan(destinations: readonly Destination[]): Promise<TopologyPlan> {
    const steps = new Map<string, Step>();
    for (const of of destinations) this.#plan(of, steps);
    return { changes: [...steps.values()].map((step) => step.change), state: [...steps.values()] };
  }

  async apply(plan: TopologyPlan): Promise<void> {
    for (const step of plan.state as readonly Step[]) step.run();
  }

  async destroy(destinations: readonly Destination[]): Promise<void> {
    for (const of of destinations) {
      const { base, name } = namesOf(of);
      if (of.deadLetter !== undefined) await this.destroy([of.deadLetter]);
      if (of.model === "stream") {
        this.#broker.logs.get(base)?.purge();
        this.#broker.logs.delete(base);
        continue;
      }
      if (of.model === "pubsub") {
        if (of.group === undefined) this.#broker.topics.delete(base);
        else this.#broker.topics.get(base)?.unsubscribe(of.group);
      }
      const queue = this.#broker.queues.get(name);
      this.#broker.queues.delete(name);
      queue?.purge();
      queue?.waiters.wakeAll();
    }
  }

  async close(): Promise<void> {}

  #plan(of: Destination, steps: Map<string, Step>): void {
    const form = formOf(of, this.#options);
    if (form === undefined) {
      throw new MemoryFault("config", "model-not-served", `profile "${this.#options.profile}" has no ${of.model}`);
    }
    if (of.deadLetter !== undefined) this.#plan(of.deadLetter, steps);
    const { base } = namesOf(of);
    if (of.model === "stream") return this.#planLog(of, base, steps);
    if (of.model === "pubsub") this.#planTopic(of, base, steps);
    if (of.model === "queue" || of.group !== undefined) this.#planQueue(of, steps);
    if (of.model === "pubsub" && of.group !== undefined) this.#planSubscription(of, of.group, base, steps);
  }

  #planLog(of: Destination, base: string, steps: Map<string, Step>): void {
    const { logs, clock } = this.#broker;
    const log = logs.get(base);
    const partitions = of.partitions ?? PARTITIONS;
    if (log === undefined) {
      add(steps, "create", "stream", base, `${partitions} partitions`, () => {
        if (!logs.has(base))
          logs.set(base, new Log(base, partitions, this.#retention(of), this.#options.dedupMs, clock));
      });
    } else if (of.partitions !== undefined && log.open.length !== partitions) {
      add(
        steps,
        "update",
        "stream",
        base,
        `${log.open.length} partitions become ${partitions}; order is undefined across the change`,
        () => {
          if (log.open.length !== partitions) log.reshard(partitions);
        },
      );
    }
  }

  /** The channel's own retention, at most the declared one. */
  #retention(of: Destination): number {
    return of.retentionMs ?? this.#options.retentionMs;
  }

  #planTopic(of: Destination, base: string, steps: Map<string, Step>): void {
    const { topics } = this.#broker;
    if (topics.has(base)) return;
    const { dedupMs } = rulesOf(formOf(of, this.#options)!, of, this.#options);
    add(steps, "create", "topic", base, "no groups yet", () => {
      if (!topics.has(base)) topics.set(base, new Topic(base, dedupMs));
    });
  }

  #planQueue(of: Destination, steps: Map<string, Step>): void {
    const { queues, clock } = this.#broker;
    const { name } = namesOf(of);
    const queue = queues.get(name);
    const dead = of.deadLetter === undefined ? undefined : namesOf(of.deadLetter).name;
    const native =
      dead === undefined || of.nativeAttempts === undefined ? undefined : { attempts: of.nativeAttempts, name: dead };
    const settle = (made: Queue) => {
      made.deadLetter = native && { ...native, to: () => queues.get(native.name) };
      const dead = native && queues.get(native.name);
      if (dead !== undefined) (dead.sources ??= new Set()).add(made);
    };
    const own = rulesOf(formOf(of, this.#options)!, of, {
      ...this.#options,
      retentionMs: this.#retention(of),
    });
    // Reading dead letters must not stop at the first one of each key.
    const rules = of.dead === true ? { ...own, keyBatches: true } : own;
    const form = rules.ordered ? "ordered" : "unordered";
    if (queue === undefined) {
      add(
        steps,
        "create",
        "queue",
        name,
        native ? `${form}; to ${dead} after ${native.attempts} attempts` : form,
        () => {
          const made = queues.get(name) ?? new Queue(name, rules, clock);
          queues.set(name, made);
          settle(made);
        },
      );
      return;
    }
    if (queue.rules.ordered !== rules.ordered) {
      add(
        steps,
        "drift",
        "queue",
        name,
        `is ${queue.rules.ordered ? "ordered" : "unordered"}, should be ${form}; destroy it first`,
        () => {},
      );
    }
    if (queue.rules.retentionMs !== rules.retentionMs) {
      const summary = `kept for ${queue.rules.retentionMs} ms, to be ${rules.retentionMs} ms`;
      add(steps, "update", "queue retention", name, summary, () => {
        queue.rules = { ...queue.rules, retentionMs: rules.retentionMs };
      });
    }
    const now = queue.deadLetter;
    // A limit that is high enough is not a difference.
    if (now?.name !== native?.name || (now?.attempts ?? 0) < (native?.attempts ?? 0)) {
      add(
        steps,
        "update",
        "queue",
        name,
        native ? `to ${dead} after ${native.attempts} attempts` : "no dead letters",
        () => settle(queue),
      );
    }
  }

  #planSubscription(of: Destination, group: string, base: string, steps: Map<string, Step>): void {
    const { topics, queues } = this.#broker;
    const { name } = namesOf(of);
    const wanted = of.types === undefined ? "all types" : [...of.types].sort().join(", ");
    const has = topics.get(base)?.groups.get(group);
    if (has?.queue.name === name && has.filter === wanted) return;
    add(steps, has === undefined ? "create" : "update", "subscription", `${base} to ${name}`, wanted, () => {
      topics.get(base)?.subscribe(group, queues.get(name)!, of.types, wanted);
    });
  }
}

function add(
  steps: Map<string, Step>,
  action: Change["action"],
  resource: string,
  name: string,
  summary: string,
  run: () => void,
): void {
  const key = `${resource} ${name}`;
  if (!steps.has(key)) steps.set(key, { change: { action, resource, name, summary }, run });
}
