import type { Connection, Destination, ReceiverDriver, ReceiverOptions, Runtime } from "../../driver/index.ts";
import type { Observe } from "../../api/events.ts";
import type { ChannelPlan, GroupPlan, PublishPlan } from "../../plan/plan.ts";
import type { SendQueue } from "../../publish/queue/send-queue.ts";
import type { ConsumerShape } from "../../api/shapes.ts";
import { isMessagingError } from "../../api/errors.ts";
import { isTraced } from "../../wire/trace.ts";
import { type AsyncScope, capturedContext } from "../../runtime/async-context.ts";
import { Attempts } from "../lease/known-attempts.ts";
import type { Probe } from "../../wire/probe.ts";
import type { Bodies } from "../lease/bodies.ts";
import { Budget } from "../lease/budget.ts";
import { describeError, type Redact, redactedText } from "../attempt/describe-error.ts";
import type { Gate, GroupContext, GroupEvent } from "../lease/group-context.ts";
import { Troubles } from "../../base/troubles.ts";

/** What a group needs of the opened connections. */
export interface GroupConnections {
  /** The connection with this name in the configuration. Throws `closed` if it is not open. */
  get(name: string): Connection;
  /** A destination's name at the broker, for error texts. */
  nameOf(on: string, destination: Destination): string;
  /** The send queue of a destination, shared by all its publishers. */
  queue(
    on: string,
    destination: Destination,
    publish: PublishPlan,
    errorContext: { channel: string; group?: string },
  ): SendQueue;
}

/** The context of one group over the connections of one `connect()`. */
export class ConnectedGroup implements GroupContext {
  readonly consumer: ConsumerShape;
  readonly channel: ChannelPlan;
  readonly plan: GroupPlan;
  readonly physicalName: string;
  readonly runtime: Runtime;
  readonly connection: Connection;
  bodies: Bodies | undefined;
  readonly budget: Budget;
  readonly gate: Gate | undefined;
  lastError: GroupContext["lastError"];
  readonly attempts = new Attempts();
  readonly troubles: Troubles;
  readonly #connections: GroupConnections;
  readonly scope: AsyncScope = capturedContext();
  readonly observed: boolean;
  readonly probe: Probe | undefined;
  readonly traced = isTraced();
  readonly watched: boolean;
  readonly #observe: Observe;
  readonly #redact: Redact | undefined;
  readonly #hide: Redact | undefined;

  constructor(
    consumer: ConsumerShape,
    channel: ChannelPlan,
    plan: GroupPlan,
    connections: GroupConnections,
    runtime: Runtime,
    observe: Observe,
    observed: boolean,
    /** Redacts error texts, with the user's hook too. */
    redact: Redact | undefined,
    /** Redacts names: hides values from the environment. */
    hide: Redact | undefined,
    /** Reads what the channel's messages have passed. */
    bodies: Bodies | undefined,
    /** Makes what decides when handlers may start. Absent if no group needs it. */
    gateOf: ((context: GroupContext) => Gate | undefined) | undefined,
    /** Absent without telemetry. */
    probe: Probe | undefined,
  ) {
    this.consumer = consumer;
    this.channel = channel;
    this.plan = plan;
    this.physicalName = connections.nameOf(channel.on, plan.from);
    this.runtime = runtime;
    this.connection = connections.get(channel.on);
    this.troubles = new Troubles(runtime);
    this.budget = new Budget(plan.maxInFlight, plan.maxInFlightBytes);
    this.#connections = connections;
    this.#observe = observe;
    this.observed = observed;
    this.probe = probe;
    this.watched = observed || this.traced || probe !== undefined;
    this.#redact = redact;
    this.#hide = hide;
    this.bodies = bodies;
    this.gate = gateOf?.(this);
  }

  receiver(options: ReceiverOptions, signal: AbortSignal): Promise<ReceiverDriver> {
    return this.connection.receiver(this.plan.from, options, signal);
  }

  /** Made when the first message is dead-lettered. */
  get deadLetters(): SendQueue | undefined {
    const { channel, plan } = this;
    if (plan.deadLetter === undefined) return undefined;
    const errorContext = { channel: channel.channel, group: plan.group };
    return this.#connections.queue(plan.deadLetterOn ?? channel.on, plan.deadLetter, channel.publish, errorContext);
  }

  async loadBodies(): Promise<Bodies> {
    const { readerWithoutSteps } = await import("../lease/body-reader.ts");
    this.bodies ??= readerWithoutSteps(this.channel.channel, this.plan.maxInFlightBytes);
    return this.bodies;
  }

  readonly describe = (error: unknown): string => describeError(error, this.#redact);
  readonly redact = (reason: string): string => redactedText(reason, this.#redact);

  emit(event: GroupEvent): void {
    if (event.level !== "info" && "error" in event && isMessagingError(event.error)) {
      const { code, message } = event.error;
      this.lastError = { code, message, at: this.runtime.now() };
    }
    const { channel, plan } = this;
    const whole = { connection: channel.on, channel: channel.channel, group: plan.group, ...event };
    if (this.#hide === undefined || whole.lease === undefined) return this.#observe(whole);
    // A lease has the broker's name for it, an address that may hold values from the environment.
    this.#observe({ ...whole, lease: this.#hide(whole.lease) });
  }
}
