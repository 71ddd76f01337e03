/** What `connect()` takes and returns. */
import type { AnyChannel } from "./channel.ts";
import type { Consumer } from "./consumer.ts";
import type { ConfigInput } from "./config-input.ts";
import type { DeadLetters, OperatorOptions } from "./dead-letters.ts";
import type { DepthOptions, GroupDepth } from "./depth.ts";
import type { ChannelPlace, PlacesOptions } from "./place.ts";
import type { Adapter } from "../driver/index.ts";
import type { Duration } from "./duration.ts";
import type { Extension } from "../pipeline/extension.ts";
import type { Observe } from "./events.ts";
import type { Explanation } from "./explanation.ts";
import type { ReplayFrom } from "./replay-from.ts";
import type { LeftTail, Tail, TailOptions } from "./tail.ts";
import type { Connected, Publisher } from "./publisher.ts";
import type { Imports } from "./imports.ts";
import type { Telemetry } from "./telemetry.ts";
import type { Runtime } from "../driver/runtime.ts";

/** The options of `connect()`. */
export interface ConnectOptions<Channels extends readonly AnyChannel[] = readonly AnyChannel[]> {
  /** All channels that this service publishes to or consumes from. Using another channel does not compile. */
  readonly channels: Channels;
  /** The name of this service, kebab-case. It is the `source` of the messages it publishes. */
  readonly service: string;
  /**
   * The configuration: a file, a folder, or a value. Default: the nearest `switchyard.config.{yaml,yml,json,ts,mts,cts,js,mjs,cjs}` in
   * `cwd` or above it.
   */
  readonly config?: string | ConfigInput;
  /** The profile of the configuration to use. Default: the variable `SWITCHYARD_PROFILE`. `NODE_ENV` is never used. */
  readonly profile?: string;
  /** The environment variables. Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The folder in which the search for the configuration starts. Default: the working directory. */
  readonly cwd?: string;
  /**
   * What `use:` may import. For tools: a configuration that was found in a folder above may be anybody's. Default: whatever it names, as seen
   * from its file.
   */
  readonly imports?: Imports;
  /** Adapters to use instead of importing them by name. Needed with a bundler. `use:` finds them by their `name`. */
  readonly adapters?: readonly Adapter[];
  /** Extensions for `keys` and `claimCheck`, to use instead of importing them by name. Needed with a bundler. */
  readonly extensions?: readonly Extension[];
  /** `off`: neither compares nor makes anything at the broker, whatever `provision` the connections have. For tools that only look. */
  readonly provision?: "off";
  /** Clock, timers, randomness and ids. Default: the system's. */
  readonly runtime?: Runtime;
  /**
   * Receives operational events: retries, losses, dead letters, reconnects. Default: events of level `warn` and `error` go to
   * `console`.
   */
  readonly observe?: Observe;
  /**
   * Also reports each handled message to `observe`, with its duration (event `handled`). This adds about a sixth to core's cost per
   * message. Default false.
   */
  readonly observeHandled?: boolean;
  /** Traces and metrics: `otel()` of `@switchyard/otel`, or your own. Default: none, which costs nothing. */
  readonly telemetry?: Telemetry;
  /**
   * Removes private data from the texts of errors: of handlers, and of the broker's client. It gets the class and message of an error and of
   * its causes, or one message; what it returns is written to the dead letter's reason, to events and, without an observer, to the console. If
   * it throws, nothing of the text is written. Default: values that came from the environment and what looks like a credential are masked.
   */
  readonly redact?: (text: string) => string;
}

/**
 * What `connect()` returns: it publishes and consumes, starts and stops.
 *
 * A parameter of the type `Messaging` takes every messaging and serves what concerns no channel: health, explanation, start and stop.
 * For channels, name them: `Messaging<typeof orders>` takes every messaging that is connected to `orders`, whatever else it is
 * connected to. `Publisher<typeof orders>` is the part that publishes.
 */
export interface Messaging<C extends AnyChannel = never> extends Publisher<C>, AsyncDisposable {
  /**
   * Registers a consumer, before or after `start()`. A consumer registered after `start()` is retried until it receives; failures are
   * reported as `receive-failed` and in `health()`.
   *
   * @throws MessagingError `unlisted-group` if the configuration does not list the group.
   */
  consume<X extends AnyChannel>(consumer: Connected<X, C, Consumer<X>, Consumer>): void;
  /** Resolves once every consumer is receiving. Rejects, with all reasons at once, if the transport or topology cannot do what is needed. */
  start(): Promise<void>;
  /**
   * Runs as a service: `start()`, waits for SIGTERM, SIGINT or `signal`, then `stop()`. It is the only method that installs signal
   * handlers. It rejects if `start()` fails, so that the process does not exit with code 0. If it is stopped while it still starts, it
   * resolves without an error.
   */
  run(options?: { readonly signal?: AbortSignal; readonly deadline?: Duration }): Promise<StopReport>;
  /**
   * Stops fetching messages, waits up to `deadline` for running handlers, gives the other messages back and closes all connections.
   * Handlers may publish until they end. Default deadline: the configured `drain`. A second call waits for the first.
   */
  stop(options?: { readonly deadline?: Duration }): Promise<StopReport>;
  /** The resolved configuration of each channel: model, transport, names, policy, capabilities and what is not portable. No secrets. */
  explain(): Explanation;
  /**
   * Resolves when every message given to `publish()` is sent or refused, those published meanwhile included, or when `signal` aborts.
   * For code that must end nothing in between: a function before its answer, a test.
   */
  flush(options?: { readonly signal?: AbortSignal }): Promise<void>;
  /** The current state, for a health check. Makes no calls to the broker. */
  health(): Health;
  /**
   * The backlog of one group or of all groups of a channel, with what the broker cannot tell. On a stream it is listed by partition, with
   * the partition's holder. Calls for the same group at the same time ask the broker once.
   *
   * @throws MessagingError (rejects) `depth-unsupported` if the transport has no such number; what the broker refuses.
   */
  depth<X extends AnyChannel>(
    channel: Connected<X, C>,
    group?: string,
    options?: DepthOptions,
  ): Promise<readonly GroupDepth[]>;
  /**
   * Asks the brokers where the parts of a channel are: the account and the region, or the host and the virtual host, that answer. For
   * people who are about to change something: the configuration says where it should be, and this is where it is.
   *
   * @throws MessagingError (rejects) `wrong-account` if the broker's account is another than the configuration's; what the broker refuses.
   */
  places<X extends AnyChannel>(channel: Connected<X, C>, options?: PlacesOptions): Promise<readonly ChannelPlace[]>;
  /**
   * Lets a group whose circuit breaker is open try again now instead of at the end of the pause: one message, then more. Does nothing if
   * the breaker is closed, or the group has none here.
   */
  resume<X extends AnyChannel>(channel: Connected<X, C>, group: string): void;
  /** The dead letters of a group. `operator`: who asks, and who is told before anything is moved, deleted or copied. */
  deadLetters<X extends AnyChannel>(channel: Connected<X, C>, group: string, operator?: OperatorOptions): DeadLetters;
  /**
   * Moves a stream group to another position. Moving back delivers messages again; moving forward skips messages. The group's running
   * workers lose their partitions and continue at the new position. Other groups are not affected.
   *
   * @throws MessagingError `replay-unsupported` if the channel's transport has no positions. `inbox-undecided` if the group's consumer in
   * this process has an inbox, and `options.inbox` does not say what becomes of it.
   */
  replay<X extends AnyChannel>(
    channel: Connected<X, C>,
    group: string,
    from: ReplayFrom,
    options?: ReplayOptions,
  ): Promise<void>;
  /**
   * Shows an operator the messages of a channel as they pass, and takes nothing from its groups. A stream is read without a lease, each
   * partition at most once a second. On pub/sub it makes a group of its own with a copy of every message, and removes it after; that needs
   * the rights of the role `watcher` of `policies()`. What is sent while the connection is cut may be missed.
   *
   * @throws MessagingError `tail-unsupported` for a queue, since whoever reads it takes from its group; when it is iterated, what the broker
   * refuses.
   */
  tail<X extends AnyChannel>(channel: Connected<X, C>, options?: TailOptions): Tail;
  /**
   * Finds what tails of the channel that were killed left at the broker, and removes what has expired. `dryRun`: removes nothing. Default
   * false.
   */
  sweepTails<X extends AnyChannel>(
    channel: Connected<X, C>,
    options?: { readonly dryRun?: boolean },
  ): Promise<readonly LeftTail[]>;
}

/** The options of `replay()`. */
export interface ReplayOptions extends OperatorOptions {
  /**
   * What becomes of the group's inbox. `keep`: messages that were handled are skipped. `forget`: they are handled again. Required if the
   * group's consumer in this process has an inbox. A process that has no consumer of the group cannot know.
   */
  readonly inbox?: "keep" | "forget";
  /** Is told how many of the group's partitions are at the new position. Some transports do not tell. If it throws, that is only printed. */
  readonly progress?: (step: { readonly done: number; readonly total: number }) => void;
}

/** What happened to deliveries. All fields are numbers of deliveries. */
export interface StopReport {
  /** Deliveries whose handlers ended since `start()`. Each attempt counts, including failed ones. */
  readonly completed: number;
  /** The part of `completed` whose handlers ended after `stop()` was called. */
  readonly drained: number;
  /** Deliveries given back before their handlers started. */
  readonly released: number;
  /** Deliveries whose handlers still ran at the deadline. Their messages will be redelivered. */
  readonly abandoned: number;
}

/** What `health()` returns: what this process knows, without asking a broker. */
export interface Health {
  /**
   * - `green`: everything works.
   * - `yellow`: something does not work now and may recover by itself: starting, reconnecting, throttled, stopping.
   * - `red`: a person must act, or this process does no work: not started, a failed start, a missing queue or permission, a blocked
   *   message, stopped.
   *
   * docs/health.md lists every state.
   */
  readonly status: "green" | "yellow" | "red";
  readonly state: "connected" | "started" | "stopping" | "stopped";
  /** One sentence for each problem. Empty when green. */
  readonly problems: readonly string[];
  readonly connections: Readonly<Record<string, ConnectionHealth>>;
  /**
   * For a liveness probe: false if a receive has not answered for two minutes longer than it may wait. A restart may help then. A broker
   * that is down, a missing right or an open breaker does not make it false.
   */
  readonly live: boolean;
  /**
   * For a readiness probe: true while this process does its work. False before every consumer receives, while a connection is down,
   * when a person must act, and from `stop()` on. An open breaker leaves it true.
   */
  readonly ready: boolean;
  /** The channels that this process publishes to or consumes, each with its own status. */
  readonly channels: Readonly<Record<string, ChannelHealth>>;
}

/** What `health()` says of one channel. */
export interface ChannelHealth {
  readonly status: Health["status"];
  /** One sentence for each problem. Empty when green. */
  readonly problems: readonly string[];
  /** The last failure of a receive, a settlement or the reading of a message in this process, also if it is over. */
  readonly lastError?: {
    readonly code: string;
    readonly message: string;
    /** Epoch milliseconds. */
    readonly at: number;
  };
}

/** What `health()` says of one connection. */
export interface ConnectionHealth {
  readonly state: "up" | "down" | "blocked" | "throttled";
  /** When this state began (epoch milliseconds). */
  readonly since: number;
}
