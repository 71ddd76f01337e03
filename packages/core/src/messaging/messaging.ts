import { attaches, attachMiddleware } from "../consume/group/attach.ts";
import type { Connections } from "./connections.ts";
import { ConnectedGroup } from "../consume/group/connected-group.ts";
import { outside } from "../runtime/async-context.ts";
import type { Redact } from "../consume/attempt/describe-error.ts";
import { GroupRunner } from "../consume/group/runner.ts";
import { groupPlanFor } from "../consume/group/group-plan.ts";
import { lazily } from "./dead-letters/lazy-run.ts";
import { lazyTail } from "./lazy-tail.ts";
import type { TailSource } from "./tail.ts";
import type { DeadLetterBoxOptions } from "./dead-letters/box.ts";
import type { Gate, GroupContext, GroupEvent } from "../consume/lease/group-context.ts";
import type { Duration } from "../api/duration.ts";
import { milliseconds } from "../api/duration.ts";
import { MessagingError } from "../api/errors.ts";
import type { Observe } from "../api/events.ts";
import { channelOf, groupOf, unknownChannel } from "../plan/find-plan.ts";
import type { DeadLetters, OperatorOptions } from "../api/dead-letters.ts";
import type { GroupDepth } from "../api/depth.ts";
import type { ChannelHealth, Health, ReplayOptions, StopReport } from "../api/messaging.ts";
import type { ReplayFrom } from "../api/replay-from.ts";
import type { AttachedInbox } from "../api/middleware.ts";
import type { Tail, TailOptions } from "../api/tail.ts";
import { keptMs } from "../plan/kept.ts";
import type { ChannelPlan, GroupPlan, Plan } from "../plan/plan.ts";
import type { Explanation } from "../api/explanation.ts";
import type { Published, PublishManyResult } from "../api/publisher.ts";
import {
  ChannelPublisher,
  type ChannelPublisherOptions,
  type ManyItem,
  publisherOptions,
} from "../publish/channel-publisher.ts";
import type { Depths } from "./depth.ts";
import type { Pipelines } from "./pipelines.ts";
import { untilSignal } from "./run.ts";
import type { Adapter } from "../driver/adapter.ts";
import type { InFlight } from "../api/telemetry.ts";
import type { Watch } from "../wire/probe.ts";
import { within } from "../runtime/within.ts";
import type { Runtime } from "../driver/runtime.ts";
import type { ChannelShape, ConsumerShape } from "../api/shapes.ts";
import type { Trouble } from "../base/troubles.ts";

/** Milliseconds that telemetry may take to close. */
const TELEMETRY_MS = 1_000;

/** Milliseconds that tails may take to remove what they made. */
const TAILS_MS = 2_000;

type State = Health["state"];

export interface MessagingParts {
  readonly plan: Plan;
  readonly channels: readonly ChannelShape[];
  readonly connections: Connections;
  /** Absent if no channel has a pipeline. */
  readonly pipelines?: Pipelines | undefined;
  /** Absent if no group has a breaker or a rate limit. */
  readonly gateOf?: ((context: GroupContext) => Gate | undefined) | undefined;
  readonly runtime: Runtime;
  readonly observe: Observe;
  /** The observer wants successes, too. */
  readonly observed: boolean;
  /** Redacts the texts of handlers' errors. */
  readonly redact?: Redact | undefined;
  /** Absent without telemetry. */
  readonly watch?: Watch | undefined;
}

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
  /** Tails whose end removes something at the broker. */
  readonly #tails = new Set<Promise<void>>();
  /** Made when a backlog is first asked for. */
  #depths: Promise<Depths> | undefined;
  /** Aborts when handlers have ended or were abandoned. No broker is called from then on except to flush and close. */
  readonly #closed = new AbortController();

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
    const runner = new GroupRunner(this.#context(consumer, channel, { ...group, ...group.pulled }), plan.drainMs);
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
    const connections = this.#parts.connections.health();
    const troubles = this.#troubles();
    for (const [name, { state }] of Object.entries(connections))
      if (state !== "up") troubles.push({ text: `connection "${name}" is ${state}`, needsPerson: false });
    const status = statusOf(troubles);
    const groups = [...this.#groups.values()];
    const working = this.#state === "started" || (this.#state === "connected" && groups.length === 0);
    const reached = Object.values(connections).every((each) => each.state !== "down");
    return {
      status,
      state: this.#state,
      problems: textsOf(troubles),
      live: !groups.some((group) => group.stuck),
      ready: status !== "red" && working && reached && groups.every((group) => group.receiving),
      connections,
      channels: this.#channels(groups),
    };
  }

  #channels(groups: readonly GroupRunner[]): Record<string, ChannelHealth> {
    const publishing = [...this.#parts.connections.troubles(), ...(this.#parts.pipelines?.troubles() ?? [])];
    const names = new Set([...this.#publishers.keys(), ...groups.map(({ context }) => context.channel.channel)]);
    return Object.fromEntries(
      [...names].map((name): [string, ChannelHealth] => {
        const own = groups.filter(({ context }) => context.channel.channel === name);
        const troubles = [
          ...own.flatMap((group) => group.troubles()),
          ...publishing.filter(({ channel }) => channel === name),
        ];
        const errors = own.flatMap(({ context }) => context.lastError ?? []).sort((one, other) => other.at - one.at);
        const [lastError] = errors;
        return [
          name,
          {
            status: statusOf(troubles),
            problems: textsOf(troubles),
            ...(lastError === undefined ? {} : { lastError }),
          },
        ];
      }),
    );
  }

  #troubles(): Trouble[] {
    if (this.#startFailure !== undefined)
      return [{ text: `start() failed, and messaging is stopped: ${this.#startFailure.message}`, needsPerson: true }];
    if (this.#state === "stopped") return [{ text: "messaging is stopped; connect() again", needsPerson: true }];
    const groups = [...this.#groups.values()].flatMap((runner) => runner.troubles());
    const troubles = [...groups, ...this.#parts.connections.troubles(), ...(this.#parts.pipelines?.troubles() ?? [])];
    if (this.#state === "stopping")
      troubles.push({ text: "messaging is stopping: nothing new is received", needsPerson: false });
    return troubles;
  }

  async depth(
    channel: ChannelShape,
    group?: string,
    { maxAge = 0 }: { readonly maxAge?: Duration } = {},
  ): Promise<readonly GroupDepth[]> {
    this.#refuseIfClosed();
    const { plan, connections } = this.#parts;
    const its = channelOf(plan, channel.name);
    const groups = group === undefined ? Object.values(its.groups) : [groupOf(its, group)];
    const maxAgeMs = milliseconds(maxAge, "depth({ maxAge })");
    const depths = await (this.#depths ??= this.#openDepths());
    const used = plan.connections[its.on];
    const connection = connections.get(its.on);
    return Promise.all(
      groups.map((each) => {
        const exact = used?.adapter.capabilities(each.from, used.options)?.depth === "exact";
        return depths.of({ connection, channel: its, group: each, exact }, maxAgeMs);
      }),
    );
  }

  /** Loaded here, because most processes never ask. */
  async #openDepths(): Promise<Depths> {
    const { Depths } = await import("./operations.ts");
    return new Depths(this.#parts.runtime, this.#closed.signal);
  }

  deadLetters(channel: ChannelShape, name: string, operator: OperatorOptions = {}): DeadLetters {
    const { connections, pipelines, runtime, observe, plan } = this.#parts;
    const its = channelOf(this.#parts.plan, channel.name);
    const group = groupOf(its, name);
    const errorContext = { channel: its.channel, group: name };
    const on = group.deadLetterOn ?? its.on;
    const used = plan.connections[on];
    const into = its.model === "stream" ? its.to : group.from;
    const target = () => connections.queue(its.on, into, its.publish, errorContext);
    const options = {
      ...operator,
      shape: this.#shapes.get(its.channel) ?? channel,
      service: plan.service,
      channel: its,
      group,
      runtime,
      target,
      box: () => connections.queue(on, group.deadLetter!, its.publish, errorContext),
      connection: connections.get(on),
      capabilities: group.deadLetter && used?.adapter.capabilities(group.deadLetter, used.options),
      open: () => this.#refuseIfClosed(),
      closed: this.#closed.signal,
      pipeline: pipelines?.of(its.channel),
      inboxMs: shortest(this.#inboxes.get(`${its.channel}/${name}`)),
      preparing: pipelines?.preparing(its.channel),
      emit: (event: GroupEvent) => observe({ connection: its.on, ...errorContext, ...event }),
    } satisfies DeadLetterBoxOptions;
    // Loaded here, because most processes never look at dead letters.
    return lazily(async () => new (await import("./operations.ts")).DeadLetterBox(options));
  }

  tail(channel: ChannelShape, options: TailOptions = {}): Tail {
    const source = this.#tailSource(channel);
    // Loaded here, because most processes never watch.
    return lazyTail(async () => new (await import("./operations.ts")).ChannelTail(source, options));
  }

  async sweepTails(channel: ChannelShape, { dryRun = false }: { readonly dryRun?: boolean } = {}) {
    return (await import("./operations.ts")).sweepTails(this.#tailSource(channel), dryRun);
  }

  #tailSource(channel: ChannelShape): TailSource {
    const { connections, pipelines, runtime } = this.#parts;
    const its = channelOf(this.#parts.plan, channel.name);
    this.#refuseIfClosed();
    return {
      shape: this.#shapes.get(its.channel) ?? channel,
      channel: its,
      connection: connections.get(its.on),
      pipeline: pipelines?.of(its.channel),
      runtime,
      closed: this.#closed.signal,
      running: this.#tails,
    };
  }

  async replay(channel: ChannelShape, name: string, from: ReplayFrom, options: ReplayOptions = {}): Promise<void> {
    this.#refuseIfStopped();
    const { connections, observe, runtime } = this.#parts;
    const its = channelOf(this.#parts.plan, channel.name);
    const group = groupOf(its, name);
    const connection = connections.get(its.on);
    const errorContext = { channel: its.channel, group: name };
    const { Operations, replay } = await import("./operations.ts");
    const inboxes = this.#inboxes.get(`${its.channel}/${name}`) ?? [];
    const { inbox, ...operator } = options;
    const emit = (event: GroupEvent) => observe({ connection: its.on, ...errorContext, ...event });
    const operations = new Operations({ ...operator, ...errorContext, runtime, emit });
    const closed = this.#closed.signal;
    const work = () => replay({ connection, group, from, inboxes, inbox, errorContext, closed, runtime });
    await operations.run("replay", { from, inbox }, work, () => ({}));
    observe({ type: "order-gap", level: "warn", reason: "replay", connection: its.on, ...errorContext });
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
      if (this.#tails.size > 0) await within(runtime, TAILS_MS, Promise.allSettled(this.#tails));
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

const shortest = (inboxes: readonly AttachedInbox[] | undefined): number | undefined =>
  inboxes === undefined ? undefined : Math.min(...inboxes.map(({ windowMs }) => windowMs));

const textsOf = (troubles: readonly Trouble[]): readonly string[] => [...new Set(troubles.map(({ text }) => text))];

function statusOf(troubles: readonly Trouble[]): Health["status"] {
  if (troubles.some(({ needsPerson }) => needsPerson)) return "red";
  return troubles.length > 0 ? "yellow" : "green";
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
