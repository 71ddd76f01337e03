/** Watching a channel: messages as they pass, taken from no group. */
import { type Duration, formatDuration, milliseconds } from "../api/duration.ts";
import { fromFault, isMessagingError, MessagingError } from "../api/errors.ts";
import type { ReplayFrom } from "../api/replay-from.ts";
import type { ChannelShape } from "../api/shapes.ts";
import type { LeftTail, Tail, TailedMessage, TailOptions } from "../api/tail.ts";
import { attributesOf, dataOfRead, receivedContent } from "../consume/lease/body-reader.ts";
import { toBytes } from "../content/bytes.ts";
import { Pipeline } from "../content/pipeline.ts";
import type { Connection, Position, Runtime, TailDriver, TailRecord, Tails } from "../driver/index.ts";
import { reconnectMs } from "../plan/backoff.ts";
import type { ChannelPlan } from "../plan/plan.ts";
import { anySignal } from "../runtime/any-signal.ts";
import { untilClosed } from "../runtime/until-closed.ts";
import type { Opened } from "../wire/incoming-message.ts";
import { open } from "../wire/open-message.ts";
import { Looking } from "./dead-letters/content.ts";
import { retried } from "./retried.ts";

const DEFAULT_FOR = "1h";
const MOST_FOR_MS = 12 * 3_600_000;
/** Failed reads in a row. With back-off (`reconnectMs`) from 10 to 20 seconds in all. */
const TRIES = 8;

/** What is watched. */
export interface TailSource {
  readonly shape: ChannelShape;
  readonly channel: ChannelPlan;
  readonly connection: Connection;
  /** Absent if the channel's messages pass no steps here. */
  readonly pipeline: Pipeline | undefined;
  readonly runtime: Runtime;
  /** Aborts once messaging is stopped. */
  readonly closed: AbortSignal;
  /** Those that remove something at their end. `stop()` waits for them. */
  readonly running: Set<Promise<void>>;
}

/** One tail of a channel. */
export class ChannelTail implements Tail {
  readonly watching: Promise<void>;
  readonly #source: TailSource;
  readonly #tails: Tails;
  readonly #start: Position;
  readonly #forMs: number;
  readonly #data: boolean;
  readonly #signal: AbortSignal | undefined;
  readonly #pipeline: Pipeline;
  #began!: () => void;
  #failed!: (error: unknown) => void;

  constructor(source: TailSource, options: TailOptions) {
    const { from = "latest", for: forTime = DEFAULT_FOR, data = false, signal } = options;
    this.#source = { ...source, runtime: untilClosed(source.runtime, source.closed) };
    this.#tails = tailsOf(source);
    this.#start = startOf(source, from);
    this.#forMs = forMsOf(forTime);
    this.#data = data;
    this.#signal = signal;
    this.#pipeline = source.pipeline ?? new Pipeline({ channel: source.channel.channel });
    this.watching = new Promise((resolve, reject) => {
      this.#began = resolve;
      this.#failed = reject;
    });
    this.watching.catch(() => undefined);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<TailedMessage, void, undefined> {
    const { runtime, closed, running } = this.#source;
    const ended = new AbortController();
    using timer = runtime.timer(this.#forMs, () => ended.abort());
    void timer;
    using over = anySignal(closed, ended.signal, ...(this.#signal === undefined ? [] : [this.#signal]));
    const driver = await this.#open(over.signal);
    let closing: Promise<void> | undefined;
    // Also if nobody asks for the next message: a stop must not leave behind what the tail made.
    const close = (): Promise<void> =>
      (closing ??= driver.close().catch((cause: unknown) => {
        throw this.#error(cause);
      }));
    const gone = over.aborted.then(close).catch(() => undefined);
    running.add(gone);
    try {
      for (let failed = 0; !over.signal.aborted; ) {
        let records: readonly TailRecord[];
        try {
          records = await driver.read(over.signal);
          failed = 0;
        } catch (cause) {
          if (over.signal.aborted) return;
          failed++;
          await this.#wait(cause, failed, over.signal);
          continue;
        }
        for (const record of records) {
          if (over.signal.aborted) return;
          yield await this.#seen(record);
        }
      }
    } finally {
      await close();
      running.delete(gone);
    }
  }

  async #open(signal: AbortSignal): Promise<TailDriver> {
    const { runtime, channel } = this.#source;
    const expiresAt = runtime.now() + this.#forMs;
    const once = () =>
      this.#tails.open(channel.to, { start: this.#start, expiresAt }, signal).catch((cause: unknown) => {
        throw this.#error(cause);
      });
    try {
      const driver = await retried(runtime, signal, once);
      this.#began();
      return driver;
    } catch (error) {
      this.#failed(error);
      throw error;
    }
  }

  /** Waits before the next read, or throws if that would not help. */
  async #wait(cause: unknown, failed: number, signal: AbortSignal): Promise<void> {
    const error = this.#error(cause);
    const { runtime } = this.#source;
    const passes = error.kind === "retryable" || error.kind === "throttled" || error.kind === "ambiguous";
    if (!passes || failed >= TRIES) throw error;
    await runtime.sleep(Math.max(reconnectMs(failed, runtime.random), error.retryAfterMs ?? 0), signal);
  }

  #error(cause: unknown): MessagingError {
    if (isMessagingError(cause)) return cause;
    const { connection, channel } = this.#source;
    const fault = connection.classify(cause, "receive");
    return fromFault(fault, `tail of "${channel.channel}"`, cause, { channel: channel.channel });
  }

  async #seen({ id, message, raw, enqueuedAt, partition, position }: TailRecord): Promise<TailedMessage> {
    const { shape } = this.#source;
    const opened = open(shape, {
      id,
      message,
      raw,
      receipt: undefined,
      ...(enqueuedAt !== undefined && { enqueuedAt }),
    });
    const { envelope, type } = opened;
    const at = envelope?.time ?? enqueuedAt;
    const key = envelope?.key ?? message.key;
    return {
      id: opened.id,
      ...(type !== undefined && { type }),
      ...(envelope !== undefined && { source: envelope.source }),
      ...(key !== undefined && { key }),
      ...(at !== undefined && { publishedAt: new Date(at) }),
      bytes: toBytes(message.body).byteLength,
      ...(partition !== undefined && { partition }),
      ...(position !== undefined && { position }),
      ...(envelope?.to !== undefined && { to: envelope.to }),
      ...(this.#data ? await this.#content(opened, enqueuedAt) : {}),
    };
  }

  async #content(opened: Opened, enqueuedAt = 0): Promise<Pick<TailedMessage, "headers" | "data" | "unreadable">> {
    const { shape, channel } = this.#source;
    const { headers, envelope, type = "" } = opened;
    const own = envelope?.headers ?? headers;
    try {
      const before = receivedContent(opened);
      const attributes = attributesOf(channel.channel, opened, type, enqueuedAt);
      const read = await this.#pipeline.read(before, attributes, new Looking(headers, opened.foreign));
      return { headers: own, data: dataOfRead(before, read, opened, type, shape.codec) };
    } catch (cause) {
      const { code, message } = isMessagingError(cause)
        ? cause
        : { code: "not-readable", message: "the body cannot be read as its content type says" };
      return { headers: own, unreadable: { code, message } };
    }
  }
}

/** Finds what killed tails left, and removes what has expired. */
export async function sweepTails(source: TailSource, dryRun: boolean): Promise<readonly LeftTail[]> {
  const { connection, channel, runtime, closed } = source;
  const { left, remove } = connection.tails ?? {};
  if (left === undefined || channel.model === "queue") return [];
  const asked = <T>(work: () => Promise<T>): Promise<T> =>
    retried(runtime, closed, () =>
      work().catch((cause: unknown) => {
        if (isMessagingError(cause)) throw cause;
        const errorContext = { channel: channel.channel };
        throw fromFault(connection.classify(cause, "topology"), `tails of "${channel.channel}"`, cause, errorContext);
      }),
    );
  const swept: LeftTail[] = [];
  for (const one of await asked(() => left(channel.to, closed))) {
    const { name, expiresAt } = one;
    const removed = !dryRun && remove !== undefined && (expiresAt ?? 0) <= runtime.now();
    if (removed) await asked(() => remove(channel.to, one, closed));
    swept.push({ name, ...(expiresAt !== undefined && { expiresAt: new Date(expiresAt) }), removed });
  }
  return swept;
}

/** @throws MessagingError `tail-unsupported`. */
function tailsOf({ connection, channel: { channel, model, groups } }: TailSource): Tails {
  const refuse = (text: string) => new MessagingError("tail-unsupported", text, { kind: "config", channel });
  if (model === "queue") {
    const [group = "its group"] = Object.keys(groups);
    throw refuse(
      `"${channel}" is a queue: whoever watched it would take its messages from "${group}"; ask for its depth (switchyard lag) or look at its dead letters, or make the channel pub/sub, which can be watched`,
    );
  }
  if (connection.tails !== undefined) return connection.tails;
  throw refuse(`the transport of "${channel}" cannot be watched`);
}

function startOf({ channel: { channel, model } }: TailSource, from: ReplayFrom): Position {
  const refuse = (text: string) => new MessagingError("bad-position", `tail: ${text}`, { kind: "config", channel });
  if (model === "pubsub" && from !== "latest")
    throw refuse(`"${channel}" is pub/sub, which keeps nothing of the past; leave \`from\` out`);
  if (from === "latest" || from === "earliest") return from;
  if ("at" in from) return from;
  const time = Number(from.time);
  if (Number.isFinite(time)) return { time };
  throw refuse("time is not a valid date");
}

function forMsOf(given: Duration): number {
  const ms = milliseconds(given, "tail({ for })");
  if (ms > 0 && ms <= MOST_FOR_MS) return ms;
  throw new MessagingError("bad-option", `tail({ for }): more than 0 and at most ${formatDuration(MOST_FOR_MS)}`, {
    kind: "config",
  });
}
