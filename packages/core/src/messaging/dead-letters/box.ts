import type { GroupEvent } from "../../consume/lease/group-context.ts";
import type { Capabilities, Connection, Delivery, Runtime, WireMessage } from "../../driver/index.ts";
import { encodeBody } from "../../wire/codec.ts";
import { readTrace } from "../../wire/trace.ts";
import { nextHop } from "../../wire/envelope.ts";
import { type Duration, formatDuration, milliseconds } from "../../api/duration.ts";
import { fromFault, isMessagingError, MessagingError } from "../../api/errors.ts";
import type {
  DeadLetterCount,
  DeadLetterEdit,
  DeadLetterFilter,
  DeadLetterGroup,
  DeadLetterItem,
  EditedLetter,
  EditOptions,
  ExportOptions,
  ExportProgress,
  ExportResult,
  GroupsOptions,
  GroupsResult,
  ImportOptions,
  ImportProgress,
  ImportResult,
  OperatorOptions,
  Purged,
  PurgeOptions,
  PurgeProgress,
  Redriven,
  RedriveOptions,
  RedriveProgress,
  ScanOptions,
  ScanResult,
} from "../../api/dead-letters.ts";
import type { ChannelShape } from "../../api/shapes.ts";
import type { Pipeline } from "../../content/pipeline.ts";
import type { ChannelPlan, GroupPlan } from "../../plan/plan.ts";
import type { Preparing } from "../../publish/prepared.ts";
import type { Make } from "../../publish/send/outgoing-message.ts";
import type { SendQueue } from "../../publish/queue/send-queue.ts";
import { untilClosed } from "../../runtime/until-closed.ts";
import { readable, renewed } from "./content.ts";
import { checkEdit, edited } from "./edit.ts";
import { checkExport, exported } from "./export.ts";
import { matcher } from "./filter.ts";
import { checkImport, imported } from "./import.ts";
import { itemOf, type Letter, letterOf } from "./letter.ts";
import { checkNative, NativeRedrive } from "./native.ts";
import { Operations } from "./operation.ts";
import { Progress } from "./progress.ts";
import { Redrive } from "./redrive.ts";
import { checkRedrive } from "./redrive-options.ts";
import { Scan } from "./scan.ts";
import { Session } from "./session.ts";

const SCAN_MAX = 1_000;
/** Of one letter that is looked for, and of groups. */
const LOOK_MAX = 10_000;
const SCAN_HIDE = "30s";
const REDRIVE_HIDE = "5m";
/** How many letters are deleted together. */
const TOGETHER = 100;
const GROUP_FIELDS = ["type", "key", "code", "errorClass"] as const;

export interface DeadLetterBoxOptions extends OperatorOptions {
  readonly shape: ChannelShape;
  /** The name of this service. */
  readonly service: string;
  readonly channel: ChannelPlan;
  readonly group: GroupPlan;
  /** The connection of the dead-letter destination. */
  readonly connection: Connection;
  readonly runtime: Runtime;
  /** The send queue to the group that failed the messages, and to no other group. */
  readonly target: () => SendQueue;
  /** The send queue to the group's dead letters. */
  readonly box: () => SendQueue;
  /** What the adapter declares of the dead-letter destination. Absent if there is none. */
  readonly capabilities?: Capabilities | undefined;
  /** Reads what the channel's messages have passed. Absent if they pass nothing. */
  readonly pipeline?: Pipeline | undefined;
  /** For how long the group's inbox remembers a message, in milliseconds. Absent if no consumer here has one. */
  readonly inboxMs?: number | undefined;
  /** Prepares what is sent to the channel. Absent with `pipeline`. */
  readonly preparing?: Preparing | undefined;
  readonly emit: (event: GroupEvent) => void;
  /** Throws `closed` once messaging is stopped; no broker is called from then on. */
  readonly open: () => void;
  /** Aborts once messaging is stopped. */
  readonly closed: AbortSignal;
  /** Readers that the stop ends. `stop()` waits for them. */
  readonly running: Set<Promise<void>>;
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
  readonly #operations: Operations;

  constructor(options: DeadLetterBoxOptions) {
    const { channel, group, emit, by, audit, closed } = options;
    const runtime = untilClosed(options.runtime, closed);
    this.#options = { ...options, runtime };
    this.#operations = new Operations({
      channel: channel.channel,
      group: group.group,
      runtime,
      emit,
      ...(by === undefined ? {} : { by }),
      ...(audit === undefined ? {} : { audit }),
    });
  }

  async count(): Promise<DeadLetterCount> {
    const depth = await this.#session(SCAN_HIDE).depth();
    const sum = (of: "ready" | "held") => {
      const given = depth.flatMap((each) => each[of] ?? []);
      return given.length === 0 ? undefined : given.reduce((total, each) => total + each, 0);
    };
    const [ready, hidden] = [sum("ready"), sum("held")];
    return {
      ...(ready === undefined ? {} : { ready }),
      ...(hidden === undefined ? {} : { hidden }),
      exact: this.#exactDepth,
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
    const scan = this.#scan({ max: options.max ?? LOOK_MAX, hide: options.hide, wants: ({ id: its }) => its === id });
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
    if (options.native === true) return this.#native(options);
    const { runtime, group } = this.#options;
    checkRedrive(options, group.from.ordered);
    const progress = new Progress<RedriveProgress>();
    const run = new Redrive({
      session: this.#session(options.hide ?? REDRIVE_HIDE),
      runtime,
      options,
      matches: matcher(options.filter, runtime.now()),
      letterOf: this.#letterOf,
      hidesKeys: this.#hidesKeys,
      // Reading may fetch and decrypt, which only a reason's text needs.
      read: options.filter?.reason === undefined ? async (letter) => itemOf(letter) : this.#read,
      send: (letter, canary) => this.#send(letter, canary),
      progress,
    });
    const result = options.dryRun === true ? run.run() : this.#asked("redrive", options, () => run.run(), progress);
    return { steps: progress.steps(), result };
  }

  #native(options: RedriveOptions): Running<RedriveProgress, Redriven> {
    const { channel, group, capabilities, connection, runtime, open, closed } = this.#options;
    const from = this.#from();
    const progress = new Progress<RedriveProgress>();
    const parts = { options, channel, group, from, capabilities, connection, runtime, open, closed, progress };
    checkNative(parts);
    const run = () => new NativeRedrive(parts).run();
    return { steps: progress.steps(), result: this.#asked("native-redrive", options, run, progress) };
  }

  /** Does the work of a run between its two entries. A run that is refused has no steps. */
  async #asked<T extends object>(
    action: Parameters<Operations["run"]>[0],
    options: object,
    work: () => Promise<T>,
    progress: { end(): void },
  ): Promise<T> {
    const { signal: _, errors: __, ...asked } = { signal: undefined, errors: undefined, ...options };
    try {
      return await this.#operations.run(action, asked, work, numbersOf);
    } finally {
      progress.end();
    }
  }

  async edit(
    id: string,
    edit: DeadLetterEdit,
    { max = LOOK_MAX, hide = REDRIVE_HIDE }: EditOptions = {},
  ): Promise<EditedLetter> {
    checkEdit(id, edit);
    const { group, channel, emit, pipeline, preparing } = this.#options;
    if (group.editDeadLetters !== true) {
      const text = `group "${group.group}" of "${channel.channel}" does not allow it; set editDeadLetters: true for the group, where such a change of data may be made by hand`;
      throw new MessagingError("edit-not-allowed", `edit: ${text}`, {
        kind: "config",
        channel: channel.channel,
        group: group.group,
        id,
      });
    }
    const session = this.#session(hide);
    const scan = this.#scan({
      session,
      max,
      hide,
      read: false,
      wants: (letter) => letter.id === id && letter.owner !== "others",
    });
    const sent = ({ id: its, key }: { readonly id: string; readonly key?: string | undefined }): void => {
      if (!group.from.ordered) return;
      emit({ type: "order-gap", level: "warn", reason: "redrive", id: its, ...(key === undefined ? {} : { key }) });
    };
    const fields = Object.entries(edit).flatMap(([name, value]) => (value === undefined ? [] : [name]));
    const asked = { id, fields, ...(edit.type === undefined ? {} : { type: edit.type }) };
    const work = () => edited(id, edit, { ...this.#options, pipeline, preparing, scan, session, sent });
    return this.#operations.run("edit", asked, work, (done) => ({ ...done }));
  }

  export(options: ExportOptions): Running<ExportProgress, ExportResult> {
    checkExport(options);
    const { channel, group, runtime } = this.#options;
    const { filter, ids, hide = REDRIVE_HIDE, to, resume } = options;
    matcher(filter, runtime.now());
    const session = this.#session(hide);
    const progress = new Progress<ExportProgress>();
    const scanWith = (beforeEnd: () => Promise<void>): Scan =>
      this.#scan({
        session,
        max: Number.POSITIVE_INFINITY,
        hide,
        ...(filter === undefined ? {} : { filter }),
        read: filter?.reason !== undefined,
        wants: chosen(ids),
        beforeEnd,
      });
    const origin = { channel: channel.channel, group: group.group };
    const work = () => exported({ options, origin, session, scanWith, progress });
    const asked = {
      ...options,
      to: typeof to === "string" ? to : "a sink",
      resume: resume !== undefined && resume !== false,
    };
    return { steps: progress.steps(), result: this.#asked("export", asked, work, progress) };
  }

  import(options: ImportOptions): Running<ImportProgress, ImportResult> {
    checkImport(options);
    this.#from();
    const { channel, group, runtime, pipeline, box, connection } = this.#options;
    const progress = new Progress<ImportProgress>();
    const origin = { channel: channel.channel, group: group.group };
    const error = (cause: unknown): MessagingError =>
      isMessagingError(cause)
        ? cause
        : fromFault(connection.classify(cause, "send"), `import into "${group.group}"`, cause, origin);
    const work = () => imported({ options, origin, runtime, pipeline, target: box, error, progress });
    const asked = { ...options, from: typeof options.from === "string" ? options.from : "lines" };
    const result = options.dryRun === true ? work() : this.#asked("import", asked, work, progress);
    return { steps: progress.steps(), result };
  }

  purge(options: PurgeOptions = {}): Running<PurgeProgress, Purged> {
    matcher(options.filter, this.#options.runtime.now());
    if (options.sample !== undefined && options.dryRun !== true)
      throw new MessagingError("bad-filter", "purge: sample is for a dry run; give dryRun: true", { kind: "config" });
    const progress = new Progress<PurgeProgress>();
    const work = () => this.#purge(options, progress);
    const result =
      options.dryRun === true ? work().finally(() => progress.end()) : this.#asked("purge", options, work, progress);
    return { steps: progress.steps(), result };
  }

  async #purge(
    { filter, ids, dryRun = false, sample, signal }: PurgeOptions,
    progress: Progress<PurgeProgress>,
  ): Promise<Purged> {
    const { connection, group, closed } = this.#options;
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
    let [seen, matched, deleted] = [0, 0, 0];
    const tell = (): void => progress.set({ seen, matched, deleted });
    let doomed: Delivery[] = [];
    const flush = async (): Promise<void> => {
      const together = doomed;
      doomed = [];
      deleted += await session.settle(together, "ack");
      tell();
    };
    const scan = this.#scan({
      session,
      max: sample ?? Number.POSITIVE_INFINITY,
      hide: REDRIVE_HIDE,
      ...(filter === undefined ? {} : { filter }),
      read: filter?.reason !== undefined,
      wants: chosen(ids),
      looked: (count) => {
        seen = count;
        tell();
      },
      beforeEnd: flush,
    });
    for await (const { letter } of scan.found()) {
      if (signal?.aborted === true) break;
      matched++;
      if (dryRun) continue;
      doomed.push(letter.delivery);
      if (doomed.length >= TOGETHER) await flush();
    }
    const { complete, hidden, ...found } = await scan.result;
    return { matched: found.matched, deleted, complete, ...(dryRun ? { hidden } : {}) };
  }

  #scan({ max = SCAN_MAX, hide = SCAN_HIDE, filter, wants, session, read = true, looked, beforeEnd }: ScanInput): Scan {
    if (!(max >= 1)) throw new MessagingError("bad-filter", "max must be a number from 1 up", { kind: "config" });
    const { runtime } = this.#options;
    const matches = matcher(filter, runtime.now());
    // All but the whole text of a reason stands in clear.
    const inClear = filter?.reason === undefined;
    return new Scan({
      session: session ?? this.#session(hide),
      runtime,
      max,
      hideMs: milliseconds(hide, "hide"),
      letterOf: this.#letterOf,
      hidesKeys: this.#hidesKeys,
      read: read ? this.#read : async (letter) => itemOf(letter),
      mayWant: (letter) => (wants?.(letter) ?? true) && (!inClear || matches(itemOf(letter))),
      wants: (item) => inClear || matches(item),
      looked,
      ...(beforeEnd === undefined ? {} : { beforeEnd }),
    });
  }

  get #exactDepth(): boolean {
    return this.#options.capabilities?.depth === "exact";
  }

  get #hidesKeys(): boolean {
    const { capabilities } = this.#options;
    return capabilities !== undefined && capabilities.ordering !== "none";
  }

  #session(hide: Duration): Session {
    const { connection, runtime, open, closed, running, channel, group } = this.#options;
    const exactDepth = this.#exactDepth;
    const holdMs = milliseconds(hide, "hide");
    if (holdMs < 1_000) throw new MessagingError("bad-filter", "hide must be 1s or longer", { kind: "config" });
    const errorContext = { channel: channel.channel, group: group.group };
    const from = this.#from();
    return new Session({ connection, from, runtime, exactDepth, open, closed, running, errorContext, holdMs });
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

  async #send({ delivery, decoded }: Letter, canary: boolean): Promise<void> {
    const { pipeline, channel, group, emit } = this.#options;
    if (pipeline?.claimCheck !== undefined) await renewed(pipeline.claimCheck, channel.channel, delivery);
    if (!decoded.foreign) this.#warnBeyond(decoded.envelope.time, decoded.envelope.id);
    const trace = decoded.foreign ? undefined : readTrace(decoded.envelope);
    // A message as large as publish takes is larger now by its hop. The room that is kept for a dead letter's fields is enough for both.
    await this.#options.target().send(this.#again(delivery, decoded, canary), { reserve: true, trace });
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
  #again(delivery: Delivery, decoded: Letter["decoded"], canary: boolean): Make {
    if (decoded.foreign) {
      const { delayMs: _, ...verbatim } = delivery.message;
      const dedup = `${delivery.id}:${delivery.attempt ?? 1}:${this.#options.runtime.uuid()}`;
      return (): WireMessage => ({ ...verbatim, dedup });
    }
    const { dead: _, maxAttempts: __, ...kept } = decoded.envelope;
    const envelope = {
      ...kept,
      hop: nextHop(kept.hop),
      redrives: (kept.redrives ?? 0) + 1,
      ...(canary ? { maxAttempts: 1 } : {}),
      ...(this.#options.channel.model === "stream" ? { to: this.#options.group.group } : {}),
    };
    const { fairness } = delivery.message;
    return (caps) => encodeBody(envelope, decoded.body, caps, caps.fairness ? { fairness } : undefined);
  }
}

interface ScanInput {
  readonly max?: number | undefined;
  readonly hide?: Duration | undefined;
  readonly filter?: DeadLetterFilter;
  readonly wants?: (letter: Letter) => boolean;
  readonly session?: Session;
  /** Whether bodies and encrypted reasons are needed. Default true. */
  readonly read?: boolean;
  readonly looked?: (seen: number) => void;
  readonly beforeEnd?: () => Promise<void>;
}

/** Letters that this channel and group wrote, and others only if they are named. */
const chosen =
  (ids: readonly string[] | undefined) =>
  ({ id, owner }: Letter): boolean => {
    const named = ids?.includes(id) ?? false;
    return named ? owner !== "others" : ids === undefined && owner === "ours";
  };

/** What a result says in numbers and words. Errors have their own event. */
function numbersOf(result: object): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(result).filter(([name]) => name !== "errors" && name !== "resume"));
}

async function* itemsOf(scan: Scan): AsyncGenerator<DeadLetterItem, void, undefined> {
  for await (const { item } of scan.found()) yield item;
}
