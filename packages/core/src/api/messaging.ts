/** What `connect()` takes and returns. */
import type { AnyChannel } from "./channel.ts";
import type { Consumer } from "./consumer.ts";
import type { ConfigInput } from "./config-input.ts";
import type { Adapter, Depth } from "../driver/index.ts";
import type { Duration } from "./duration.ts";
import type { Observe } from "./events.ts";
import type { Explanation } from "./explanation.ts";
import type { Connected, Publisher } from "./publisher.ts";
import type { Runtime } from "../driver/runtime.ts";

export interface ConnectOptions<Channels extends readonly AnyChannel[] = readonly AnyChannel[]> {
  /** All that this service publishes to or consumes from; a consumer or publish of another does not compile. */
  readonly channels: Channels;
  /** Kebab-case; the `source` of what it publishes. */
  readonly service: string;
  /** A file, a folder, or a value. Default: `switchyard.config.{yaml,yml,json,ts,mts,cts,js,mjs,cjs}` in the working directory or above it. */
  readonly config?: string | ConfigInput;
  /** Which of the configuration's profiles is laid over it. Default `SWITCHYARD_PROFILE`; never `NODE_ENV`. */
  readonly profile?: string;
  /** Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Where the search for configuration starts. Default the working directory. */
  readonly cwd?: string;
  /** Adapters that are not to be imported by name, for bundlers; found by their `name`. */
  readonly adapters?: readonly Adapter[];
  /** Clock, timers, randomness and ids. Default the system's. */
  readonly runtime?: Runtime;
  /**
   * Receives operational events: retries, losses, dead letters, reconnects. Default: events of level `warn` and `error` go to
   * `console`.
   */
  readonly observe?: Observe;
  /**
   * `observe` is also told of each message handled, with its duration (`handled`). Default false: nothing is timed, and no
   * event is made for what went well. An event a message costs about a sixth of what core does for it.
   */
  readonly observeHandled?: boolean;
  /**
   * Given the class and message of a handler's error, and of its causes, before they are written: into the reason of a dead
   * letter, its event, and the console where there is no observer. What it returns is written in their place. Default: as they
   * are, but for values that came from the environment. When it throws, nothing of the text is written.
   */
  readonly redact?: (text: string) => string;
}

export interface Messaging<C extends AnyChannel = AnyChannel> extends Publisher<C>, AsyncDisposable {
  /**
   * Registers a consumer, before `start()` or after it. One that comes later is tried until it receives: what keeps it from that
   * is observed as `receive-failed`, and `health()` says it.
   *
   * @throws MessagingError `unlisted-group` when configuration does not list the group.
   */
  consume<X extends AnyChannel>(consumer: Connected<X, C, Consumer<X>, Consumer>): void;
  /** Resolves once every consumer is receiving. Refuses, with every reason at once, what transport or topology cannot keep. */
  start(): Promise<void>;
  /**
   * The service's form: `start()`, then until SIGTERM, SIGINT or `signal`, then `stop()`. The only thing that installs signal
   * handlers. Rejects when `start()` fails, so that a process that awaits it does not end with 0; a stop that is asked for
   * while it still starts ends it without an error.
   */
  run(options?: { readonly signal?: AbortSignal; readonly deadline?: Duration }): Promise<StopReport>;
  /**
   * Fetches no more, lets running handlers end within `deadline` (default the configured drain), gives the rest back,
   * closes. Handlers may publish until they have ended. Idempotent.
   */
  stop(options?: { readonly deadline?: Duration }): Promise<StopReport>;
  /** The resolved plan: per channel its model, transport, names, policy, capabilities, and what is not portable. Holds no secret. */
  explain(): Explanation;
  health(): Health;
  /** The backlog of every configured group of a channel, or of one; on a stream by partition, with who holds which. */
  depth<X extends AnyChannel>(channel: Connected<X, C>, group?: string): Promise<readonly GroupDepth[]>;
  deadLetters<X extends AnyChannel>(channel: Connected<X, C>, group: string): DeadLetters;
  /**
   * Moves a group of a stream: it gets everything from there on, again or, going forward, without what lies between. Its
   * running workers lose their partitions and take them up at the new position. Others read on where they are.
   *
   * @throws MessagingError `replay-unsupported` where the channel's transport has no positions.
   */
  replay<X extends AnyChannel>(channel: Connected<X, C>, group: string, from: ReplayFrom): Promise<void>;
}

/** `at`: what `delivery.position` gave; that message comes first. `time`: a Date or epoch milliseconds, as the broker's clock has it. */
export type ReplayFrom = "earliest" | "latest" | { readonly time: Date | number } | { readonly at: string };

/** Numbers of deliveries. */
export interface StopReport {
  /** Those whose handlers have ended since `start()`; an attempt that failed counts, and so does the next one. */
  readonly completed: number;
  /** Of these, those whose handlers ended after the stop was asked for. */
  readonly drained: number;
  /** Given back unstarted. */
  readonly released: number;
  /** Handlers still running at the deadline; their messages will come again. */
  readonly abandoned: number;
}

export interface Health {
  /**
   * `yellow`: something does not work now and may pass: it is starting, reconnecting, throttled, stopping. `red`: something needs a
   * person, or this process does no work: a start that was forgotten or failed, a missing queue or right, a blocked message, a stop.
   * docs/health.md has every state.
   */
  readonly status: "green" | "yellow" | "red";
  readonly state: "connected" | "started" | "stopping" | "stopped";
  /** One sentence each; empty when green. */
  readonly problems: readonly string[];
  readonly connections: Readonly<Record<string, ConnectionHealth>>;
}

export interface ConnectionHealth {
  readonly state: "up" | "down" | "blocked" | "throttled";
  /** Since when, epoch milliseconds. */
  readonly since: number;
}

/** Numbers the broker does not give are absent. */
export interface GroupDepth extends Omit<Depth, "lease"> {
  readonly group: string;
  readonly leases: readonly Depth[];
}

export interface DeadLetters {
  /**
   * At most `count` of the dead letters, which are hidden from others for a while. Default 10. Of an ordered queue it may
   * show fewer than there are: SQS FIFO gives no more of a key while some of it are out.
   */
  peek(count?: number): Promise<readonly DeadLetterItem[]>;
  /** Sends them back to the group that failed them, and to no other. Default: all there are. */
  redrive(options?: { readonly max?: number }): Promise<{ readonly redriven: number; readonly failed: number }>;
  /** Deletes them all, for good. */
  purge(): Promise<void>;
}

export interface DeadLetterItem {
  readonly id: string;
  readonly type: string;
  /** The body as it was published: parsed JSON, else text or bytes. Not validated. */
  readonly data: unknown;
  readonly headers: Readonly<Record<string, string>>;
  /** Why it is dead, for people; with the class and message of the last error, redacted, at most 1,500 bytes. */
  readonly reason: string;
  /** kebab-case. */
  readonly code: string;
  readonly attempts: number;
  readonly errorClass?: string;
  readonly firstAt: Date;
  readonly lastAt: Date;
  readonly raw: unknown;
}
