import type { Connection, Destination, DriverEvent, Runtime } from "../driver/index.ts";
import { fromFault, isMessagingError, MessagingError } from "../api/errors.ts";
import type { Observe } from "../api/events.ts";
import type { ConnectionHealth } from "../api/messaging.ts";
import type { ChannelPlan, ConnectionPlan, Plan, PublishPlan } from "../plan/plan.ts";
import { SendQueue } from "../publish/queue/send-queue.ts";
import { isTraced, untraced } from "../wire/trace.ts";
import { loadOnce } from "../base/load-once.ts";
import type { Trouble } from "../base/troubles.ts";
import { detachedConnection } from "./detached-connection.ts";
import type { Probe, Watch } from "../wire/probe.ts";
import { within } from "../runtime/within.ts";

interface Open {
  readonly plan: ConnectionPlan;
  readonly connection: Connection;
  /** Current troubles, by the id under which they were reported. */
  readonly troubles: Map<string, Bad>;
  state: ConnectionHealth["state"];
  since: number;
}

/** Makes a connection that calls `open` when it is first needed. */
export type Lazily = (open: () => Promise<Connection>) => Connection;

type Bad = Exclude<ConnectionHealth["state"], "up">;

/** Milliseconds that closing may take after the deadline: for aborted sends, and for drivers to close. */
const QUEUES_MS = 1_000;
const CONNECTIONS_MS = 1_000;

/** Worst first. */
const TROUBLES: readonly Bad[] = ["down", "blocked", "throttled"];

/** The worst current trouble. One part that recovers does not clear the troubles of others. */
function stateOf(troubles: ReadonlyMap<string, Bad>): ConnectionHealth["state"] {
  const all = new Set(troubles.values());
  return TROUBLES.find((each) => all.has(each)) ?? "up";
}

/** The open connections of one `connect()` and their send queues. Each destination has one queue, shared by all its publishers. */
export class Connections {
  readonly #open = new Map<string, Open>();
  readonly #queues = new Map<string, SendQueue>();
  readonly #runtime: Runtime;
  readonly #observe: Observe;
  readonly #redact: (text: string) => string;
  readonly #watch: Watch | undefined;
  #closed = false;

  private constructor(runtime: Runtime, observe: Observe, redact: (text: string) => string, watch: Watch | undefined) {
    this.#watch = watch;
    this.#runtime = runtime;
    this.#observe = observe;
    this.#redact = redact;
  }

  static async open(
    plan: Plan,
    runtime: Runtime,
    observe: Observe,
    watch?: Watch,
    lazily?: Lazily,
  ): Promise<Connections> {
    const all = new Connections(runtime, observe, plan.redact ?? String, watch);
    try {
      for (const used of Object.values(plan.connections)) await all.#add(used, plan, lazily);
    } catch (error) {
      await all.close();
      throw error;
    }
    return all;
  }

  get(name: string): Connection {
    const found = this.#open.get(name);
    if (found === undefined) throw new MessagingError("closed", `connection "${name}" is not open`, { kind: "closed" });
    return found.connection;
  }

  queue(
    on: string,
    destination: Destination,
    publish: PublishPlan,
    errorContext: { channel: string; group?: string },
  ): SendQueue {
    const key = JSON.stringify([on, destination.name, destination.group ?? ""]);
    let queue = this.#queues.get(key);
    if (queue === undefined) {
      const { plan, connection } = this.#open.get(on) as Open;
      const expected = plan.adapter.capabilities(destination, plan.options);
      if (expected === undefined)
        throw new MessagingError("model-missing", `"${on}" has no ${destination.model}`, { kind: "config" });
      const common = {
        destination,
        physicalName: this.nameOf(on, destination),
        connection,
        runtime: this.#runtime,
        plan: publish,
        expected,
        observe: this.#observe,
        probe: this.probe(on, destination, errorContext.channel, errorContext.group),
      };
      queue = new SendQueue({ ...common, errorContext: { connection: on, ...errorContext } });
      this.#queues.set(key, queue);
      // After close(), sends to this queue fail as `closed`.
      if (this.#closed) void queue.close();
    }
    return queue;
  }

  /** A destination's name at the broker, suffixes included and secrets redacted. Every text uses this name. */
  nameOf(on: string, destination: Destination): string {
    const { adapter, options } = (this.#open.get(on) as Open).plan;
    const { address } = adapter.locate(destination, options);
    return this.#redact(address);
  }

  /** Tells telemetry of what happens at a destination. Undefined without telemetry. */
  probe(
    on: string,
    destination: Destination,
    channel: string,
    group: string | undefined,
    pushed = false,
  ): Probe | undefined {
    if (this.#watch === undefined) return undefined;
    const { connection, plan } = this.#open.get(on) as Open;
    const { transport = plan.adapter.name } = plan.adapter.locate(destination, plan.options);
    // A driver may have to ask its client, so that it can tell at the first call.
    connection.server?.(destination);
    return this.#watch.at({
      connection: on,
      transport,
      channel,
      ...(group !== undefined && { group }),
      destination: this.nameOf(on, destination),
      dead: destination.dead === true,
      ...(pushed && { pushed }),
      get server() {
        return connection.server?.(destination);
      },
    });
  }

  /** The send queue of a channel, made on first use. */
  outbound(channel: ChannelPlan): SendQueue {
    return this.queue(channel.on, channel.to, channel.publish, { channel: channel.channel });
  }

  health(): Record<string, ConnectionHealth> {
    return Object.fromEntries([...this.#open].map(([name, { state, since }]) => [name, { state, since }]));
  }

  /** Why destinations do not accept messages. */
  troubles(): readonly Trouble[] {
    return [...this.#queues.values()].flatMap((queue) => queue.trouble ?? []);
  }

  /** Waits until all submitted messages are sent, at most until the deadline. */
  async flush(deadline: AbortSignal): Promise<void> {
    await Promise.all([...this.#queues.values()].map((queue) => queue.flush(deadline)));
  }

  /**
   * Closes all queues and connections. `leftMs` is the rest of a stop's deadline. Waits for a silent broker that long plus
   * {@link QUEUES_MS} and {@link CONNECTIONS_MS}, then leaves it to its own timeouts.
   */
  async close(leftMs = 0): Promise<void> {
    this.#closed = true;
    const until = this.#runtime.monotonic() + leftMs;
    const queues = [...this.#queues.values()].map((queue) => queue.close());
    if (queues.length > 0) await within(this.#runtime, leftMs + QUEUES_MS, Promise.allSettled(queues));
    const restMs = Math.max(until - this.#runtime.monotonic(), 0) + CONNECTIONS_MS;
    const connections = [...this.#open.values()].map(({ connection }) => connection.close());
    if (connections.length > 0) await within(this.#runtime, restMs, Promise.allSettled(connections));
  }

  async #add(plan: ConnectionPlan, of: Pick<Plan, "service" | "redact">, lazily: Lazily | undefined): Promise<void> {
    const { name } = plan;
    const open = () => this.#dial(plan, of.service);
    const opened = await wrapped(lazily === undefined ? await open() : lazily(open), of.redact);
    this.#open.set(name, { plan, connection: opened, troubles: new Map(), state: "up", since: this.#runtime.now() });
  }

  async #dial({ name, adapter, options }: ConnectionPlan, service: string): Promise<Connection> {
    const report = (event: DriverEvent) => this.#report(name, event);
    try {
      return await untraced(() => adapter.open(options, this.#runtime, report, { service }));
    } catch (cause) {
      if (cause instanceof Error && cause.name === "MessagingError") throw cause;
      throw fromFault(
        { kind: "config", code: "open-failed" },
        `connection "${name}" (${adapter.name}) could not be opened`,
        cause,
        {},
      );
    }
  }

  /** Makes an error fit for events: raw errors quote hosts and addresses. */
  #readable(name: string, cause: unknown): unknown {
    const connection = this.#open.get(name)?.connection;
    if (connection === undefined || isMessagingError(cause)) return cause;
    return fromFault(connection.classify(cause, "receive"), `connection "${name}"`, cause, {});
  }

  #report(name: string, event: DriverEvent): void {
    const error = event.cause === undefined ? {} : { error: this.#readable(name, event.cause) };
    const errorContext = { connection: name, ...(event.id === undefined ? {} : { lease: event.id }) };
    if (event.type === "position-lost") {
      this.#observe({ type: "position-lost", level: "error", ...errorContext, ...error });
      return;
    }
    if (event.type === "warning") {
      this.#observe({ type: "warning", level: "warn", ...errorContext, ...error });
      return;
    }
    const open = this.#open.get(name);
    if (open !== undefined) {
      if (event.type === "up" || event.type === "unblocked") open.troubles.delete(event.id ?? "");
      else open.troubles.set(event.id ?? "", event.type);
      const state = stateOf(open.troubles);
      if (open.state !== state) {
        open.state = state;
        open.since = this.#runtime.now();
      }
    }
    const level = event.type === "up" || event.type === "unblocked" ? "info" : "warn";
    this.#observe({ type: "connection", level, state: event.type, ...errorContext, ...error });
  }
}

const untracing = loadOnce(() => import("./untraced-connection.ts"));
const redacting = loadOnce(() => import("./redacting-connection.ts"));

/** As core calls it: outside of everybody's async context and trace, with secrets hidden. */
async function wrapped(connection: Connection, redact: ((text: string) => string) | undefined): Promise<Connection> {
  const apart = isTraced() ? (await untracing()).untracedConnection(connection) : detachedConnection(connection);
  return redact === undefined ? apart : (await redacting()).redactingConnection(apart, redact);
}
