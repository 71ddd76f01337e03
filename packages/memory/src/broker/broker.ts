import type { Destination, Runtime, WireMessage } from "@switchyard/core/driver";
import { Clock } from "./clock.ts";
import { InjectedFaults } from "./injected-faults.ts";
import type { Log } from "./log.ts";
import type { Queue } from "./queue.ts";
import type { Topic } from "./topic.ts";

/** Lets a test see each message that is published. */
export interface Watch {
  published(to: Destination, message: WireMessage, id: string): void;
}

export interface Droppable {
  drop(): void;
}

/** Everything one memory broker holds. */
export class Broker {
  readonly clock: Clock;
  readonly queues = new Map<string, Queue>();
  readonly topics = new Map<string, Topic>();
  readonly logs = new Map<string, Log>();
  readonly faults = new InjectedFaults();
  readonly connections = new Set<Droppable>();
  /** The destinations without a consumer for which the hint was given or is pending. */
  readonly hinted = new Set<string>();
  /** How many dead letters were stored: it tells those of one message apart. */
  deadLetters = 0;
  watch: Watch | undefined;

  constructor(runtime: Runtime) {
    this.clock = new Clock(runtime);
    this.faults.onDrop(() => {
      for (const connection of [...this.connections]) connection.drop();
    });
  }
}
