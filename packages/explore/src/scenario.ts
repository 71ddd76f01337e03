/** What a user writes: the world, the services and what must never or must at last be. */
import type {
  AnyChannel,
  ConfigInput,
  Consumer,
  Duration,
  Messaging,
  Model,
  Observe,
  PayloadOf,
  PublishOptions,
  TypeOf,
} from "@switchyard/core";
import type { Effects } from "./effects.ts";
import type { Faults } from "./faults.ts";

export type PolicyInput = NonNullable<ConfigInput["policies"]>[string];

/** The clock of a scenario. */
export interface Clock {
  now(): Date;
  /** Waits in the scenario's time. Never rejects: it also ends when `signal` aborts. */
  sleep(time: Duration, signal?: AbortSignal): Promise<void>;
}

/** What a service is made of. */
export interface ServiceTools<C extends AnyChannel, W extends object> {
  /** The scenario's world. Each of its functions is an effect: it takes a moment, may fail, and may be the last thing the process does. */
  readonly world: Effects<W>;
  /** As from `connect()`. */
  readonly messaging: Messaging<C>;
  readonly clock: Clock;
}

/**
 * Makes a service's consumers. It is called once for each process, so what it keeps in variables is the memory of one process, and is gone
 * when that dies. What outlives a process belongs into the world.
 */
export type Service<C extends AnyChannel, W extends object> = (
  tools: ServiceTools<C, W>,
) => Consumer<any> | readonly Consumer<any>[];

/** What `play` does: it publishes and lets time pass. */
export interface PlayTools<C extends AnyChannel> {
  publish<X extends C, const K extends TypeOf<X>>(
    channel: X,
    type: K,
    data: PayloadOf<X, K>,
    options?: PublishOptions<X>,
  ): Promise<void>;
  readonly clock: Clock;
  /** A number from 0 to `options - 1` that the run chooses. 0 in the calm course. */
  choose(options: number): number;
}

/** A message that was published, as invariants see it. */
export interface Accepted {
  readonly channel: string;
  readonly type: string;
  readonly data: any;
  readonly id: string;
}

/** What invariants may look at beside the world. */
export interface Facts {
  /** Messages that the broker accepted, in the order of their publishing. One whose publisher died or got no answer may be missing. */
  readonly accepted: readonly Accepted[];
  /** How often a handler of the group ended well. */
  handled(group: string): number;
  /** True if the run chose this fault for the message of that id, and it has happened. */
  befell(id: string, fault: keyof Faults): boolean;
  /** How often a fault has happened in this run, whatever it befell. */
  happened(fault: keyof Faults): number;
  /** Messages that the broker refused for certain at their only publish: none of them may ever be handled. */
  readonly refused: readonly Accepted[];
  /** The messages that the group gave up. */
  dead(group: string): readonly Accepted[];
}

/** Returns true, or a text that says what is wrong, if it is violated. It may also throw: the error says what is wrong. */
export type Never<W> = (world: W, facts: Facts) => boolean | string | void;
/** Returns false, or a text that says what is missing, if it is not so. It may also throw. */
export type Eventually<W> = (world: W, facts: Facts) => boolean | string | void;

/** The model of every channel, or by channel. */
type Models<M extends Model> = M | Readonly<Record<string, M>>;

/** On which broker a scenario plays, and the models that it has. */
type Place =
  | {
      /** Memory's own rules: order where a channel declares a key, exact attempts. */
      readonly on?: "memory";
      /** Of every channel, or by channel. Default `queue`. */
      readonly model?: Models<Model>;
    }
  | {
      /** `sqs`: standard queues, and FIFO queues where a channel declares a key. `sqs-fifo`: always FIFO queues. */
      readonly on: "sqs" | "sqs-fifo";
      readonly model?: Models<"queue">;
    }
  | {
      /** Topics, with queues of SQS: FIFO where a channel declares a key. */
      readonly on: "sns";
      readonly model: Models<"pubsub">;
    }
  | {
      /** `rabbitmq-queue`: quorum queues. */
      readonly on: "rabbitmq-queue";
      /** Of every channel, or by channel. Default `queue`. */
      readonly model?: Models<"queue" | "pubsub">;
    }
  | {
      readonly on: "kinesis" | "rabbitmq-stream";
      readonly model: Models<"stream">;
    };

/** How the groups of a scenario are set up. */
type Settings =
  | (Place & {
      readonly config?: never;
      readonly profile?: never;
      /** The policy of every group. Default: the library's defaults. */
      readonly policy?: PolicyInput;
      /** Settings of every group: `hold`, `concurrency`, `batch` and the like. Default: the library's defaults. */
      readonly group?: NonNullable<NonNullable<ConfigInput["channels"]>[string]["groups"]>[string];
    })
  | {
      /** Your own configuration: a file, a folder, or a value. All its channels run on memory, whatever connections it names. */
      readonly config: string | ConfigInput;
      /** The profile of the configuration. Default: none. */
      readonly profile?: string;
      /** The broker that memory behaves as. */
      readonly on?: Place["on"];
      readonly model?: never;
      readonly policy?: never;
      readonly group?: never;
    };

/** What to explore. */
export type Scenario<Channels extends readonly AnyChannel[], W extends object> = Settings & {
  readonly channels: Channels;
  /**
   * Makes what is outside of the services: the bank, the database, the bucket, as fakes that keep their state in memory. It is called
   * once for each run and must make everything anew. Its functions should not wait.
   */
  readonly world: () => W;
  readonly services: Readonly<Record<string, Service<Channels[number], NoInfer<W>>>>;
  /** How many processes each service has. Default 2. */
  readonly processes?: number;
  /** What happens from outside: it publishes and lets time pass. */
  readonly play: (tools: PlayTools<Channels[number]>) => Promise<unknown> | void;
  /** What must not be at any time, by its name. Looked at whenever something has happened. */
  readonly never?: Readonly<Record<string, Never<NoInfer<W>>>>;
  /** What must be when everything has come to its end, by its name. */
  readonly eventually?: Readonly<Record<string, Eventually<NoInfer<W>>>>;
  /** A model to compare with: what the world must look like at the end, computed from the messages that were accepted, and what it does look like. */
  readonly compare?: {
    readonly expected: (accepted: readonly Accepted[]) => unknown;
    readonly actual: (world: NoInfer<W>) => unknown;
  };
  /** What each process's observer does, as `connect({ observe })` takes it. */
  readonly observe?: Observe;
  /** Faults that shall not happen: `faults: { clock: false }`. Default: all may, but for `refuse`. */
  readonly faults?: Partial<Faults>;
  /** Rare states that at least one run must reach, by their names: otherwise the runs have looked away. Not looked at in a replay. */
  readonly sometimes?: Readonly<Record<string, (world: NoInfer<W>, facts: Facts) => boolean>>;
};
