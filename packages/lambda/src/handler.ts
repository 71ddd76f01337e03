import { systemRuntime, type AnyChannel, type ConnectOptions, type Consumer } from "@switchyard/core";
import { formatDuration, MessagingError, parseDuration } from "@switchyard/core/driver-kit";
import { connectPushed, type Pushed } from "@switchyard/core/push";
import type { Answer } from "./answer.ts";
import { type LambdaContext, readEvent } from "./event.ts";
import type { Handled } from "./handled.ts";
import { QueueEvents } from "./queue.ts";
import { StreamEvents } from "./stream.ts";
import { type Source, sourceFor, sourceOf } from "./source.ts";

type Duration = string | number;

/** The options of {@link lambda}: those of `connect()`, the consumers, and what to do about time. */
export interface LambdaOptions<Channels extends readonly AnyChannel[] = readonly AnyChannel[]>
  extends ConnectOptions<Channels> {
  /** The consumers that this function runs. Their groups say `runsOn: lambda` in the configuration. */
  readonly consumers: readonly Consumer<any>[];
  /**
   * How long before the end of the invocation it is answered. `delivery.signal` aborts then; what has not ended or not begun is named as
   * failed. It must be enough for a call to the broker. Default 2s.
   */
  readonly margin?: Duration;
  /**
   * What happens if a handler has not ended at the margin. `answer`: the event is answered, and the handler may go on when the sandbox
   * thaws for another event. `exit`: messages of a queue that are done are deleted, and the sandbox ends. Default `answer`.
   */
  readonly overrun?: "answer" | "exit";
}

/** What Lambda calls. */
export type LambdaHandler = (event: unknown, context: LambdaContext) => Promise<Answer>;

const MARGIN_MS = 2_000;
/** The share of the margin that publishes may take which handlers left under way. */
const FLUSH_SHARE = 0.5;

/** What an invocation came to, for `@switchyard/lambda/testing`. Events may overlap, so it is kept by context. */
export const results = new WeakMap<LambdaContext, Handled>();
/** Connects a handler without an event, for `@switchyard/lambda/testing`. */
export const connections = new WeakMap<LambdaHandler, () => Promise<Connected>>();

export interface Connected {
  readonly pushed: Pushed;
  readonly sources: readonly Source[];
  readonly queues: Map<Source, QueueEvents>;
  readonly streams: Map<Source, StreamEvents>;
}

/**
 * Makes the handler of a function. It connects with the first event, once for each sandbox; if that fails, again with the next.
 *
 * @throws MessagingError `bad-option`, at once.
 */
export function lambda<const Channels extends readonly AnyChannel[]>(options: LambdaOptions<Channels>): LambdaHandler {
  const { margin, overrun = "answer", ...rest } = options;
  const marginMs = margin === undefined ? MARGIN_MS : parseDuration(margin);
  if (marginMs === undefined) throw bad("margin", `a duration such as ${formatDuration(MARGIN_MS)}`);
  if (overrun !== "answer" && overrun !== "exit") throw bad("overrun", '"answer" or "exit"');
  if (!Array.isArray(options.consumers) || options.consumers.length === 0)
    throw bad("consumers", "a list of consumers made with consumer() or batchConsumer()");
  const { runtime = systemRuntime } = options;
  const connect = async (): Promise<Connected> => {
    const pushed = await connectPushed({ ...rest, runsOn: "lambda" } as Parameters<typeof connectPushed>[0]);
    return { pushed, sources: pushed.groups.map(sourceOf), queues: new Map(), streams: new Map() };
  };
  let connecting: Promise<Connected> | undefined;
  const connectOnce = async (): Promise<Connected> => {
    connecting ??= connect();
    try {
      return await connecting;
    } catch (cause) {
      connecting = undefined;
      throw cause;
    }
  };

  const handler: LambdaHandler = async (event, context) => {
    const source = readEvent(event);
    const endAt = runtime.monotonic() + context.getRemainingTimeInMillis();
    const connected = await connectOnce();
    const found = sourceFor(connected.sources, source);
    const answerAt = endAt - marginMs;
    const handled =
      source.from === "queue"
        ? await queueOf(connected, found).handle(source, answerAt, overrun === "exit")
        : await streamOf(connected, found, marginMs).handle(source, answerAt);
    results.set(context, handled);
    await flush(connected, runtime, answerAt + marginMs * FLUSH_SHARE);
    if (overrun === "exit" && handled.abandoned.length > 0) process.exit(1);
    if (handled.failed !== undefined) throw handled.failed;
    return handled.answer;
  };
  connections.set(handler, connectOnce);
  return handler;
}

function queueOf({ queues }: Connected, source: Source): QueueEvents {
  const found = queues.get(source) ?? new QueueEvents(source.group, source.settings.report);
  queues.set(source, found);
  return found;
}

function streamOf({ streams }: Connected, source: Source, marginMs: number): StreamEvents {
  const found = streams.get(source) ?? new StreamEvents(source, marginMs);
  streams.set(source, found);
  return found;
}

/** Publishes that handlers did not await are sent before the sandbox is frozen. */
async function flush(
  { pushed }: Connected,
  runtime: NonNullable<ConnectOptions["runtime"]>,
  until: number,
): Promise<void> {
  const limit = new AbortController();
  const timer = runtime.timer(Math.max(until - runtime.monotonic(), 0), () => limit.abort());
  await pushed.messaging.flush({ signal: limit.signal });
  timer[Symbol.dispose]();
}

function bad(option: string, allowed: string): MessagingError {
  return new MessagingError("bad-option", `lambda({ ${option} }): ${allowed}`, { kind: "config" });
}
