import type { GroupEvent } from "../../consume/lease/group-context.ts";
import type { Connection, Delivery, Runtime, WireMessage } from "../../driver/index.ts";
import { encodeBody } from "../../wire/codec.ts";
import { readTrace } from "../../wire/trace.ts";
import { nextHop } from "../../wire/envelope.ts";
import { type Duration, formatDuration, milliseconds } from "../../api/duration.ts";
import { MessagingError } from "../../api/errors.ts";
import type {
  DeadLetterCount,
  DeadLetterFilter,
  DeadLetterGroup,
  DeadLetterItem,
  GroupsOptions,
  GroupsResult,
  Purged,
  PurgeOptions,
  Redriven,
  RedriveOptions,
  RedriveProgress,
  ScanOptions,
  ScanResult,
} from "../../api/dead-letters.ts";
import type { Pipeline } from "../../content/pipeline.ts";
import type { ChannelPlan, GroupPlan } from "../../plan/plan.ts";
import type { Make } from "../../publish/send/outgoing-message.ts";
import type { SendQueue } from "../../publish/queue/send-queue.ts";
import { readable, renewed } from "./content.ts";
import { matcher } from "./filter.ts";
import { itemOf, type Letter, letterOf } from "./letter.ts";
import { Progress } from "./progress.ts";
import { checkRedrive, Redrive } from "./redrive.ts";
import { Scan } from "./scan.ts";
import { Session } from "./session.ts";

const SCAN_MAX = 1_000;
/** Of one letter that is looked for, and of groups. */
const LOOK_MAX = 10_000;
const SCAN_HIDE = "30s";
const REDRIVE_HIDE = "5m";
const GROUP_FIELDS = ["type", "key", "code", "errorClass"] as const;

export interface DeadLetterBoxOptions {
  readonly channel: ChannelPlan;
  readonly group: GroupPlan;
  /** The connection of the dead-letter destination. */
  readonly connection: Connection;
  readonly runtime: Runtime;
  /** The send queue to the group that failed the messages, and to no other group. */
  readonly target: () => SendQueue;
  /** Whether the depth of the dead-letter destination is exact. */
  readonly exactDepth: boolean;
  /** Reads what the channel's messages have passed. Absent if they pass nothing. */
  readonly pipeline?: Pipeline | undefined;
  /** For how long the group's inbox remembers a message, in milliseconds. Absent if no consumer here has one. */
  readonly inboxMs?: number | undefined;
  readonly emit: (event: GroupEvent) => void;
  /** Throws `closed` once messaging is stopped; no broker is called from then on. */
  readonly open: () => void;
  /** Aborts once messaging is stopped. */
  readonly closed: AbortSignal;
}

/** What is said of a run, and its end. */
export interface Running<S, R> {
  readonly steps: AsyncIterable<S>;
  readonly result: Promise<R>;
}

/** The dead letters of a group. */
export class DeadLetterBox {
  readonly #options: DeadLetterBoxOptions;
  #beyond = false;

  constructor(options: DeadLetterBoxOptions) {
    this.#options = options;
  }

  async count(): Promise<DeadLetterCount> {
    const { exactDepth } = this.#options;
    const depth = await this.#session(SCAN_HIDE).depth();
    const sum = (of: "ready" | "held") => {
      const given = depth.flatMap((each) => each[of] ?? []);
      return given.length === 0 ? undefined : given.reduce((total, each) => total + each, 0);
    };
    const [ready, hidden] = [sum("ready"), sum("held")];
    return {
      ...(ready === undefined ? {} : { ready }),
      ...(hidden === undefined ? {} : { hidden }),
      exact: exactDepth,
    };
  }

  async peek(count = 10): Promise<readonly DeadLetterItem[]> {
    const scan = this.#scan({ max: count });
    const items: DeadLetterItem[] = [];
    for await (const { item } of scan.found()) items.push(item);
    return items;
  }

  scan(options: ScanOptions = {}): Running<DeadLetterItem, ScanResult> {
    const { max, hide, ...filter } = options;
    const scan = this.#scan({ max, hide, filter });
    return { steps: itemsOf(scan), result: scan.result };
  }

  async get(id: string, options: Pick<ScanOptions, "max" | "hide"> = {}): Promise<DeadLetterItem | undefined> {
    const scan = this.#scan({ max: options.max ?? LOOK_MAX, hide: options.hide, wants: (letter) => letter.id === id });
    for await (const { item } of scan.found()) return item;
    return undefined;
  }

  async groups({ by, max, hide, ...filter }: GroupsOptions): Promise<GroupsResult> {
    const fields: readonly string[] = GROUP_FIELDS;
    if (!Array.isArray(by as unknown) || by.length === 0 || !by.every((name) => fields.includes(name)))
      throw new MessagingError("bad-filter", `groups: by must be a list of ${GROUP_FIELDS.join(", ")}`, {
        kind: "config",
      });
    const scan = this.#scan({ max: max ?? LOOK_MAX, hide, filter });
    const groups = new Map<string, DeadLetterGroup>();
    for await (const { item } of scan.found()) {
      const name = JSON.stringify(by.map((field) => item[field] ?? null));
      const { id, reason, firstAt, lastAt } = item;
      const known = groups.get(name);
      const of =
        known?.of ??
        Object.fromEntries(by.flatMap((field) => (item[field] === undefined ? [] : [[field, item[field]]])));
      groups.set(name, {
        of,
        count: (known?.count ?? 0) + 1,
        example: known?.example ?? { id, reason },
        firstAt: known !== undefined && known.firstAt < firstAt ? known.firstAt : firstAt,
        lastAt: known !== undefined && known.lastAt > lastAt ? known.lastAt : lastAt,
      });
    }
    return { ...(await scan.result), groups: [...groups.values()].sort((a, b) => b.count - a.count) };
  }

  redrive(options: RedriveOptions = {}): Running<RedriveProgress, Redriven> {
    checkRedrive(options);
    const { runtime } = this.#options;
    const progress = new Progress<RedriveProgress>();
    const run = new Redrive({
      session: this.#session(options.hide ?? REDRIVE_HIDE),
      runtime,
      options,
      matches: matcher(options.filter, runtime.now()),
      letterOf: this.#letterOf,
      // Reading may fetch and decrypt, which only a reason's text needs.
      read: options.filter?.reason === undefined ? async (letter) => itemOf(letter) : this.#read,
      send: (letter) => this.#send(letter),
      progress,
    });
    return { steps: progress.steps(), result: run.run() };
  }

  async purge({ filter, ids, dryRun = false }: PurgeOptions = {}): Promise<Purged> {
    const { connection, group, closed, runtime } = this.#options;
    const from = this.#from();
    if (filter === undefined && ids === undefined && !dryRun) {
      if (connection.purge === undefined)
        throw new MessagingError("purge-unsupported", `the transport of "${group.group}"'s dead letters cannot purge`, {
          kind: "config",
        });
      // Never tried again: a second purge would delete letters that came after the first.
      await connection.purge(from, closed).catch((cause: unknown) => {
        throw this.#session(SCAN_HIDE).error(cause);
      });
      return { complete: true };
    }
    const session = this.#session(REDRIVE_HIDE);
    const matches = matcher(filter, runtime.now());
    const scan = this.#scan({
      session,
      max: Number.POSITIVE_INFINITY,
      hide: REDRIVE_HIDE,
      wants: (letter, item) => {
        const named = ids?.includes(letter.id) ?? false;
        if (ids !== undefined && !named) return false;
        if (letter.owner === "others" || (letter.owner === "unknown" && !named)) return false;
        return matches(item);
      },
    });
    let deleted = 0;
    for await (const { letter } of scan.found()) {
      if (dryRun) continue;
      await session.settle([letter.delivery], "ack");
      deleted++;
    }
    const { matched, complete } = await scan.result;
    return { matched, deleted, complete };
  }

  #scan({ max = SCAN_MAX, hide = SCAN_HIDE, filter, wants, session }: ScanInput): Scan {
    if (!(max >= 1)) throw new MessagingError("bad-filter", "max must be a number from 1 up", { kind: "config" });
    const { runtime } = this.#options;
    const matches = matcher(filter, runtime.now());
    return new Scan({
      session: session ?? this.#session(hide),
      runtime,
      max,
      hideMs: milliseconds(hide, "hide"),
      letterOf: this.#letterOf,
      read: this.#read,
      wants: (item, letter) => matches(item) && (wants?.(letter, item) ?? true),
    });
  }

  #session(hide: Duration): Session {
    const { connection, runtime, exactDepth, open, closed, channel, group } = this.#options;
    const holdMs = milliseconds(hide, "hide");
    if (holdMs < 1_000) throw new MessagingError("bad-filter", "hide must be 1s or longer", { kind: "config" });
    const errorContext = { channel: channel.channel, group: group.group };
    return new Session({ connection, from: this.#from(), runtime, exactDepth, open, closed, errorContext, holdMs });
  }

  /** @throws MessagingError `no-dead-letters` if the group keeps none. */
  #from() {
    const { group, channel, open } = this.#options;
    open();
    if (group.deadLetter !== undefined) return group.deadLetter;
    const text = `group "${group.group}" of "${channel.channel}" keeps no dead letters, because its policy says ${group.policy.exhausted}`;
    throw new MessagingError("no-dead-letters", text, {
      kind: "config",
      channel: channel.channel,
      group: group.group,
    });
  }

  readonly #letterOf = (delivery: Delivery): Letter => {
    const { channel, group } = this.#options;
    const exclusive = group.deadLetter?.dead === true && group.deadLetter.address === undefined;
    return letterOf(delivery, { channel: channel.channel, group: group.group, exclusive });
  };

  readonly #read = (letter: Letter): Promise<DeadLetterItem> =>
    readable(this.#options.pipeline, this.#options.channel.channel, letter.delivery, itemOf(letter));

  async #send({ delivery, decoded }: Letter): Promise<void> {
    const { pipeline, channel, group, emit } = this.#options;
    if (pipeline?.claimCheck !== undefined) await renewed(pipeline.claimCheck, channel.channel, delivery);
    if (!decoded.foreign) this.#warnBeyond(decoded.envelope.time, decoded.envelope.id);
    await this.#options
      .target()
      .send(this.#again(delivery, decoded), { trace: decoded.foreign ? undefined : readTrace(decoded.envelope) });
    if (!group.from.ordered || decoded.foreign) return;
    const { id, key } = decoded.envelope;
    emit({ type: "order-gap", level: "warn", reason: "redrive", id, ...(key === undefined ? {} : { key }) });
  }

  /** Warns once a run: a mark of the message, made when an earlier copy was handled, may be forgotten by now. */
  #warnBeyond(publishedAt: number, id: string): void {
    const { inboxMs, runtime, emit } = this.#options;
    if (inboxMs === undefined || this.#beyond || runtime.now() - publishedAt < inboxMs) return;
    this.#beyond = true;
    const text = `redrive: a message is older than the ${formatDuration(inboxMs)} for which the group's inbox remembers; if an earlier copy of it was handled, it is handled again`;
    emit({
      type: "warning",
      level: "warn",
      error: new MessagingError("redrive-beyond-window", text, { kind: "config" }),
      id,
    });
  }

  /** The original message for the group that failed it, with a higher hop so that no deduplication window drops it (contract C4). */
  #again(delivery: Delivery, decoded: Letter["decoded"]): Make {
    if (decoded.foreign) {
      const { delayMs: _, ...verbatim } = delivery.message;
      const dedup = `${delivery.id}:${delivery.attempt ?? 1}:${this.#options.runtime.uuid()}`;
      return (): WireMessage => ({ ...verbatim, dedup });
    }
    const { dead: _, ...kept } = decoded.envelope;
    const envelope = {
      ...kept,
      hop: nextHop(kept.hop),
      redrives: (kept.redrives ?? 0) + 1,
      ...(this.#options.channel.model === "stream" ? { to: this.#options.group.group } : {}),
    };
    return (capabilities) => encodeBody(envelope, decoded.body, capabilities);
  }
}

interface ScanInput {
  readonly max?: number | undefined;
  readonly hide?: Duration | undefined;
  readonly filter?: DeadLetterFilter;
  readonly wants?: (letter: Letter, item: DeadLetterItem) => boolean;
  readonly session?: Session;
}

async function* itemsOf(scan: Scan): AsyncGenerator<DeadLetterItem, void, undefined> {
  for await (const { item } of scan.found()) yield item;
}
