import { attaches, attachMiddleware } from "../consume/group/attach.ts";
import { ConnectedGroup } from "../consume/group/connected-group.ts";
import { outside } from "../runtime/async-context.ts";
import { GroupRunner } from "../consume/group/runner.ts";
import { groupPlanFor } from "../consume/group/group-plan.ts";
import type { GroupContext } from "../consume/lease/group-context.ts";
import type { DeadLetters, OperatorOptions } from "../api/dead-letters.ts";
import type { Duration } from "../api/duration.ts";
import { milliseconds } from "../api/duration.ts";
import { MessagingError } from "../api/errors.ts";
import { channelOf, groupOf, unknownChannel } from "../plan/find-plan.ts";
import type { Health, StopReport } from "../api/messaging.ts";
import type { AttachedInbox } from "../api/middleware.ts";
import { keptMs } from "../plan/kept.ts";
import type { ChannelPlan, GroupPlan } from "../plan/plan.ts";
import type { Explanation } from "../api/explanation.ts";
import type { Published, PublishManyResult } from "../api/publisher.ts";
import {
  ChannelPublisher,
  type ChannelPublisherOptions,
  type ManyItem,
  publisherOptions,
} from "../publish/channel-publisher.ts";
import { healthOf } from "./health.ts";
import { lazily } from "./dead-letters/lazy-run.ts";
import { lazyTail } from "./lazy-tail.ts";
import type { OperatorCalls } from "./operator-calls.ts";
import type { MessagingParts } from "./parts.ts";
import { untilSignal } from "./run.ts";
import type { Adapter } from "../driver/adapter.ts";
import type { Tail, TailOptions } from "../api/tail.ts";
import type { InFlight } from "../api/telemetry.ts";
import { loadOnce } from "../base/load-once.ts";
import { within } from "../runtime/within.ts";
import type { ChannelShape, ConsumerShape } from "../api/shapes.ts";

/** Milliseconds that telemetry may take to close. */
const TELEMETRY_MS = 1_000;
/** Milliseconds that tails and readers of dead letters may take to end. */
const OPERATORS_MS = 2_000;

/** Most processes have no operator. */
const operatorCalls = loadOnce(() => import("./operator-calls.ts"));

type State = Health["state"];

/** See {@link MessagingCore.pushed}. */
export interface PushedParts {
  readonly context: GroupContext;
  /** The adapter of the group's connection, and the options of the connection. */
  readonly adapter: Adapter;
  readonly options: unknown;
}

/** What `connect()` returns; its typed interface is `Messaging` in api/messaging.ts. */
export class MessagingCore {
  readonly #parts: MessagingParts;
  readonly #shapes = new Map<string, ChannelShape>();
  /** Made at a channel's first publish. */
  readonly #publishers = new Map<string, ChannelPublisher>();
  readonly #groups = new Map<string, GroupRunner>();
  /** Closes what middleware keeps for its groups. */
  readonly #attached: (() => unknown)[] = [];
  /** What middleware remembers of handled messages, by channel and group. */
  readonly #inboxes = new Map<string, readonly AttachedInbox[]>();
  /** What middleware says of itself, by channel and group. */
  readonly #explained = new Map<string, readonly string[]>();
  #state: State = "connected";
  #starting: Promise<void> | undefined;
  #stopping: Promise<StopReport> | undefined;
  /** Why `start()` failed, unless `stop()` was called first. */
  #startFailure: MessagingError | undefined;
  #now = new AbortController();
  #stopAsked!: () => void;
  /** Resolves when `stop()` is called. */
  readonly #asked = new Promise<void>((resolve) => {
    this.#stopAsked = resolve;
  });
  /** Aborts when handlers have ended or were abandoned. No broker is called from then on except to flush and close. */
  readonly #closed = new AbortController();
  /** What a stop waits for: tails whose end removes something at the broker, and readers of dead letters that it ends. */
  readonly #running = new Set<Promise<void>>();
  #operatorCalls: OperatorCalls | undefined;

  constructor(parts: MessagingParts) {
    this.#parts = parts;
    for (const channel of parts.channels) {
      channelOf(parts.plan, channel.name);
      this.#shapes.set(channel.name, channel);
    }
  }

  /** Rejects on bad input, too. Not `async`, which would cost a second promise per message. */
  publish(
    channel: ChannelShape,
    type: string,
    data: unknown,
    options?: Parameters<ChannelPublisher["publish"]>[2],
  ): Promise<Published> {
    try {
      return this.#publisher(channel).publish(type, data, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async publishMany(
    channel: ChannelShape,
    messages: readonly ManyItem[],
    options?: { readonly signal?: AbortSignal },
  ): Promise<readonly PublishManyResult[]> {
    return this.#publisher(channel).publishMany(messages, options);
  }

  /** For `publishStored` of the publish kit, which is not loaded here. */
  [publisherOptions](channel: ChannelShape): ChannelPublisherOptions {
    return this.#publisher(channel).options;
  }

  flush(options?: { readonly signal?: AbortSignal }): Promise<void> {
    return this.#parts.connections.flush(options?.signal ?? new AbortController().signal);
  }

  consume(consumer: ConsumerShape): void {
    this.#refuseIfStopped();
    const { plan } = this.#parts;
    const { channel, group } = groupPlanFor(plan, consumer);
    const key = `${channel.channel}/${group.group}`;
    const errorContext = { kind: "config", channel: channel.channel, group: group.group } as const;
    if (group.elsewhere !== undefined) throw new MessagingError("runs-elsewhere", group.elsewhere, errorContext);
    if (this.#groups.has(key)) {
      const text = `group "${group.group}" of "${channel.channel}" already has a consumer in this process: handle all its types in one consumer, or raise its concurrency`;
      throw new MessagingError("consumer-twice", text, errorContext);
    }
    const its = group.pulled === undefined ? group : { ...group, ...group.pulled };
    const runner = new GroupRunner(this.#context(consumer, channel, its), plan.drainMs);
    this.#groups.set(key, runner);
    // A running start() does not include this consumer.
    if (this.#starting !== undefined) outside(() => runner.join());
  }

  /** What a consumer needs whose messages come in events. For `connectPushed`. */
  pushed(consumer: ConsumerShape): PushedParts {
    const { plan } = this.#parts;
    const { channel, group } = groupPlanFor(plan, consumer);
    return { ...plan.connections[channel.on]!, context: this.#context(consumer, channel, group, true) };
  }

  #context(consumer: ConsumerShape, channel: ChannelPlan, group: GroupPlan, pushed = false): ConnectedGroup {
    const { plan, connections, pipelines, runtime, observe, observed, redact } = this.#parts;
    return new ConnectedGroup(
      attaches(consumer) ? this.#attach(consumer, channel, group) : consumer,
      channel,
      group,
      connections,
      runtime,
      observe,
      observed,
      redact,
      plan.redact,
      pipelines?.bodies(channel.channel, group.maxInFlightBytes),
      this.#parts.gateOf,
      connections.probe(channel.on, group.from, channel.channel, group.group, pushed),
    );
  }

  #attach(consumer: ConsumerShape, { on, channel }: ChannelPlan, plan: GroupPlan): ConsumerShape {
    const { runtime, observe } = this.#parts;
    const { group, holdMs } = plan;
    const inBatches = consumer.kind === "batch" && plan.from.ordered;
    const attached = attachMiddleware(consumer, {
      runtime,
      channel,
      group,
      batch: consumer.kind === "batch",
      perKey: inBatches ? (plan.batch.perKey ?? Number.POSITIVE_INFINITY) : 1,
      holdMs,
      keptMs: keptMs(this.#parts.plan, plan),
      emit: (event) => observe({ connection: on, channel, group, ...event }),
    });
    this.#attached.push(...attached.close);
    if (attached.inboxes.length > 0) this.#inboxes.set(`${channel}/${group}`, attached.inboxes);
    if (attached.explanations.length > 0) this.#explained.set(`${channel}/${group}`, attached.explanations);
    return attached.consumer;
  }

  resume(channel: ChannelShape, name: string): void {
    const its = channelOf(this.#parts.plan, channel.name);
    groupOf(its, name);
    const { gate } = this.#groups.get(`${its.channel}/${name}`)?.context ?? {};
    if (gate !== undefined) outside(() => gate.resume());
  }

  async start(): Promise<void> {
    this.#refuseIfStopped();
    this.#starting ??= outside(() => this.#start());
    await this.#starting;
  }

  async run(options: { readonly signal?: AbortSignal; readonly deadline?: Duration } = {}): Promise<StopReport> {
    this.#refuseIfStopped();
    const over = untilSignal(options.signal, () => this.#now.abort());
    try {
      const started = this.start();
      // A stop signal or a stop() call also ends a start() that is still running.
      started.catch(() => undefined);
      await Promise.race([over.first, this.#asked]);
      const report = await this.stop(options);
      // A failed start stops as well, which must not look like a requested stop.
      if (this.#startFailure !== undefined) throw this.#startFailure;
      return report;
    } finally {
      over.dispose();
    }
  }

  async stop(options: { readonly deadline?: Duration } = {}): Promise<StopReport> {
    this.#stopping ??= outside(() =>
      this.#stop(milliseconds(options.deadline ?? this.#parts.plan.drainMs, "stop({ deadline })")),
    );
    return this.#stopping;
  }

  /** For telemetry: the messages that each group holds in this process. */
  inFlight(): InFlight[] {
    return [...this.#groups.values()].map(({ context: { channel, plan, budget } }) => ({
      channel: channel.channel,
      group: plan.group,
      messages: budget.held,
    }));
  }

  explain(): Explanation {
    const { explanation } = this.#parts.plan;
    if (this.#explained.size === 0) return explanation;
    const channels = Object.entries(explanation.channels).map(([name, channel]) => {
      const groups = Object.entries(channel.groups).map(([group, its]) => {
        const use = this.#explained.get(`${name}/${group}`);
        return [group, use === undefined ? its : { ...its, use }] as const;
      });
      return [name, { ...channel, groups: Object.fromEntries(groups) }] as const;
    });
    return { ...explanation, channels: Object.fromEntries(channels) };
  }

  health(): Health {
    const { connections, pipelines } = this.#parts;
    const groups = [...this.#groups.values()];
    return healthOf({
      state: this.#state,
      startFailure: this.#startFailure,
      groups,
      publishing: this.#publishers.keys(),
      connections,
      pipelines,
    });
  }

  async depth(...call: Parameters<OperatorCalls["depth"]>): ReturnType<OperatorCalls["depth"]> {
    return (await this.#operators()).depth(...call);
  }

  async places(...call: Parameters<OperatorCalls["places"]>): ReturnType<OperatorCalls["places"]> {
    return (await this.#operators()).places(...call);
  }

  /** Throws at once for a group that is not there. */
  deadLetters(channel: ChannelShape, group: string, operator?: OperatorOptions): DeadLetters {
    groupOf(channelOf(this.#parts.plan, channel.name), group);
    return lazily(async () => (await this.#operators()).deadLetters(channel, group, operator));
  }

  /** Throws at once for a channel that is not there, and once it is closed. */
  tail(channel: ChannelShape, options?: TailOptions): Tail {
    channelOf(this.#parts.plan, channel.name);
    this.#refuseIfClosed();
    return lazyTail(async () => (await this.#operators()).tail(channel, options));
  }

  async sweepTails(...call: Parameters<OperatorCalls["sweepTails"]>): ReturnType<OperatorCalls["sweepTails"]> {
    return (await this.#operators()).sweepTails(...call);
  }

  async replay(...call: Parameters<OperatorCalls["replay"]>): Promise<void> {
    this.#refuseIfStopped();
    await (await this.#operators()).replay(...call);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #start(): Promise<void> {
    const started = await Promise.allSettled([...this.#groups.values()].map((runner) => runner.start()));
    const failed = started.flatMap((result) => (result.status === "rejected" ? [result.reason as MessagingError] : []));
    if (failed.length === 0) {
      if (this.#state === "connected") this.#state = "started";
      return;
    }
    const failure = startFailure(failed);
    // After a stop() during the start, the consumers' errors only say that they were stopped.
    if (this.#stopping === undefined) this.#startFailure = failure;
    await this.stop({ deadline: 0 });
    throw failure;
  }

  async #stop(deadlineMs: number): Promise<StopReport> {
    const { connections, pipelines, runtime, plan, observe } = this.#parts;
    this.#state = "stopping";
    this.#stopAsked();
    const deadline = new AbortController();
    const until = runtime.monotonic() + deadlineMs;
    const timer = runtime.timer(deadlineMs, () => deadline.abort());
    this.#now.signal.addEventListener("abort", () => deadline.abort(), { once: true });
    if (this.#now.signal.aborted || deadlineMs === 0) deadline.abort();
    try {
      const stopped = await Promise.all([...this.#groups.values()].map((runner) => runner.stop(deadline.signal)));
      // A failed start stops by itself, with a deadline of 0. That is not a stop that the application shortened.
      const asked = this.#startFailure === undefined;
      if (asked && deadline.signal.aborted && deadlineMs < plan.drainMs && stopped.length > 0) {
        observe({ type: "stop-shortened", level: "warn", deadlineMs, drainMs: plan.drainMs });
      }
      this.#closed.abort(closedError());
      await Promise.allSettled(this.#attached.map(async (close) => close()));
      if (this.#running.size > 0) await within(runtime, OPERATORS_MS, Promise.allSettled(this.#running));
      await connections.flush(deadline.signal);
      await connections.close(deadline.signal.aborted ? 0 : Math.max(until - runtime.monotonic(), 0));
      await pipelines?.close();
      if (this.#parts.watch !== undefined) await within(runtime, TELEMETRY_MS, this.#parts.watch.close());
      const total = (of: keyof StopReport) => stopped.reduce((sum, each) => sum + each[of], 0);
      return {
        completed: total("completed"),
        drained: total("drained"),
        released: total("released"),
        abandoned: total("abandoned"),
      };
    } finally {
      timer[Symbol.dispose]();
      this.#state = "stopped";
    }
  }

  async #operators(): Promise<OperatorCalls> {
    const { OperatorCalls } = await operatorCalls();
    return (this.#operatorCalls ??= new OperatorCalls({
      parts: this.#parts,
      shapes: this.#shapes,
      inboxes: this.#inboxes,
      closed: this.#closed.signal,
      refuseIfClosed: () => this.#refuseIfClosed(),
      running: this.#running,
    }));
  }

  #publisher(channel: ChannelShape): ChannelPublisher {
    // Handlers that drain may still publish, or they could not finish.
    this.#refuseIfClosed();
    return this.#publishers.get(channel.name) ?? this.#makePublisher(channel.name);
  }

  #makePublisher(name: string): ChannelPublisher {
    const { plan, connections, pipelines, runtime } = this.#parts;
    const shape = this.#shapes.get(name) ?? unknownChannel(name);
    const queue = connections.outbound(channelOf(plan, name));
    const publisher = new ChannelPublisher({
      shape,
      queue,
      runtime,
      service: plan.service,
      pipeline: pipelines?.preparing(name),
      probe: queue.probe,
    });
    this.#publishers.set(name, publisher);
    return publisher;
  }

  #refuseIfStopped(): void {
    if (this.#state !== "stopping" && this.#state !== "stopped") return;
    throw closedError();
  }

  /** Calls to the broker are allowed until handlers have ended, since handlers may need them. */
  #refuseIfClosed(): void {
    if (this.#closed.signal.aborted) throw closedError();
  }
}

function closedError(): MessagingError {
  return new MessagingError("closed", "messaging is stopped; connect() again", { kind: "closed" });
}

function startFailure(failed: readonly MessagingError[]): MessagingError {
  const [first] = failed as readonly [MessagingError];
  if (failed.length === 1) return first;
  const text = failed.map(({ message }) => message).join("\n");
  return new MessagingError("start-failed", `${failed.length} consumers could not start:\n${text}`, {
    kind: first.kind,
    cause: new AggregateError(failed),
  });
}
