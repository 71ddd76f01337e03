/** What operators ask of a connected service: backlogs, dead letters, tails and replays. Loaded when it is first asked. */
import type { OperatorOptions } from "../api/dead-letters.ts";
import type { GroupDepth } from "../api/depth.ts";
import { type Duration, milliseconds } from "../api/duration.ts";
import type { ReplayOptions } from "../api/messaging.ts";
import type { AttachedInbox } from "../api/middleware.ts";
import type { ChannelPlace, PlacesOptions } from "../api/place.ts";
import type { ReplayFrom } from "../api/replay-from.ts";
import type { ChannelShape } from "../api/shapes.ts";
import type { TailOptions } from "../api/tail.ts";
import type { GroupEvent } from "../consume/lease/group-context.ts";
import { channelOf, groupOf } from "../plan/find-plan.ts";
import { DeadLetterBox } from "./dead-letters/box.ts";
import { Operations } from "./dead-letters/operation.ts";
import { Depths } from "./depth.ts";
import type { MessagingParts } from "./parts.ts";
import { placesOf } from "./places.ts";
import { replay } from "./replay.ts";
import { ChannelTail, sweepTails, type TailSource } from "./tail.ts";

export interface OperatorCallsOptions {
  readonly parts: MessagingParts;
  readonly shapes: ReadonlyMap<string, ChannelShape>;
  /** What middleware remembers of handled messages, by channel and group. */
  readonly inboxes: ReadonlyMap<string, readonly AttachedInbox[]>;
  /** Aborts when no broker is to be called any more. */
  readonly closed: AbortSignal;
  /** Throws if it is. */
  readonly refuseIfClosed: () => void;
  /** What `stop()` waits for: tails whose end removes something at the broker, and readers of dead letters that it ends. */
  readonly running: Set<Promise<void>>;
}

export class OperatorCalls {
  readonly #parts: MessagingParts;
  readonly #shapes: ReadonlyMap<string, ChannelShape>;
  readonly #inboxes: ReadonlyMap<string, readonly AttachedInbox[]>;
  readonly #closed: AbortSignal;
  readonly #refuseIfClosed: () => void;
  readonly #running: Set<Promise<void>>;
  readonly #depths: Depths;

  constructor({ parts, shapes, inboxes, closed, refuseIfClosed, running }: OperatorCallsOptions) {
    this.#parts = parts;
    this.#shapes = shapes;
    this.#inboxes = inboxes;
    this.#closed = closed;
    this.#refuseIfClosed = refuseIfClosed;
    this.#running = running;
    this.#depths = new Depths(parts.runtime, closed);
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
    const used = plan.connections[its.on];
    const connection = connections.get(its.on);
    return Promise.all(
      groups.map((each) => {
        const exact = used?.adapter.capabilities(each.from, used.options)?.depth === "exact";
        return this.#depths.of({ connection, channel: its, group: each, exact }, maxAgeMs);
      }),
    );
  }

  async places(channel: ChannelShape, options: PlacesOptions = {}): Promise<readonly ChannelPlace[]> {
    this.#refuseIfClosed();
    const { plan, connections, runtime } = this.#parts;
    return placesOf({ plan, connections, runtime, closed: this.#closed }, channelOf(plan, channel.name), options);
  }

  deadLetters(channel: ChannelShape, name: string, operator: OperatorOptions = {}): DeadLetterBox {
    const { connections, pipelines, runtime, observe, plan } = this.#parts;
    const its = channelOf(this.#parts.plan, channel.name);
    const group = groupOf(its, name);
    const errorContext = { channel: its.channel, group: name };
    const on = group.deadLetterOn ?? its.on;
    const used = plan.connections[on];
    const into = its.model === "stream" ? its.to : group.from;
    const target = () => connections.queue(its.on, into, its.publish, errorContext);
    return new DeadLetterBox({
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
      closed: this.#closed,
      running: this.#running,
      pipeline: pipelines?.of(its.channel),
      inboxMs: shortest(this.#inboxes.get(`${its.channel}/${name}`)),
      preparing: pipelines?.preparing(its.channel),
      emit: (event: GroupEvent) => observe({ connection: its.on, ...errorContext, ...event }),
    });
  }

  tail(channel: ChannelShape, options: TailOptions = {}): ChannelTail {
    return new ChannelTail(this.#tailSource(channel), options);
  }

  async sweepTails(channel: ChannelShape, { dryRun = false }: { readonly dryRun?: boolean } = {}) {
    return sweepTails(this.#tailSource(channel), dryRun);
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
      closed: this.#closed,
      running: this.#running,
    };
  }

  async replay(channel: ChannelShape, name: string, from: ReplayFrom, options: ReplayOptions = {}): Promise<void> {
    const { connections, observe, runtime } = this.#parts;
    const its = channelOf(this.#parts.plan, channel.name);
    const group = groupOf(its, name);
    const connection = connections.get(its.on);
    const errorContext = { channel: its.channel, group: name };
    const inboxes = this.#inboxes.get(`${its.channel}/${name}`) ?? [];
    const { inbox, progress, ...operator } = options;
    const emit = (event: GroupEvent) => observe({ connection: its.on, ...errorContext, ...event });
    const operations = new Operations({ ...operator, ...errorContext, runtime, emit });
    const closed = this.#closed;
    const work = () => replay({ connection, group, from, inboxes, inbox, progress, errorContext, closed, runtime });
    await operations.run("replay", { from, inbox }, work, () => ({}));
    observe({ type: "order-gap", level: "warn", reason: "replay", connection: its.on, ...errorContext });
  }
}

const shortest = (inboxes: readonly AttachedInbox[] | undefined): number | undefined =>
  inboxes === undefined ? undefined : Math.min(...inboxes.map(({ windowMs }) => windowMs));
