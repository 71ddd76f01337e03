/** What planning and applying share: the calls, and waiting for a stream to become active. */
import { MessagingError } from "@switchyard/core/driver-kit";
import type { Runtime } from "@switchyard/core/driver";
import { classify, isNamed } from "../errors.ts";
import { SECOND } from "../limits.ts";
import { describeStream, type Stream } from "../resource.ts";
import type { Call, StreamRef } from "../sdk.ts";

export interface TopologyContext {
  readonly call: Call;
  readonly runtime: Runtime;
  readonly signal: AbortSignal;
}

/** How long a stream may take to become active. Creating many shards takes minutes. */
const ACTIVE_MS = 15 * 60 * SECOND;

/** Waits until the stream is active. Rejects after 15 minutes. */
export async function active(ref: StreamRef, { call, runtime, signal }: TopologyContext): Promise<Stream> {
  const until = runtime.monotonic() + ACTIVE_MS;
  for (let ms = 50; ; ms = Math.min(ms * 2, 5 * SECOND)) {
    const stream = await find(ref, { call, signal });
    if (stream?.status === "ACTIVE") return stream;
    signal.throwIfAborted();
    if (runtime.monotonic() > until)
      throw new MessagingError("stream-not-active", `the stream is still ${stream?.status ?? "missing"}`, {
        kind: "retryable",
      });
    await runtime.sleep(ms, signal);
  }
}

/** The calls that create and describe streams have quotas of a few a second for the whole account. A throttled call is made again. */
export function patient(call: Call, runtime: Runtime): Call {
  return async (action, input, signal) => {
    for (let left = 8; ; left--) {
      try {
        return await call(action, input, signal);
      } catch (cause) {
        if (left === 0 || signal?.aborted === true || classify(cause, "topology").kind !== "throttled") throw cause;
        await runtime.sleep(SECOND / 2 + runtime.random() * SECOND, signal);
      }
    }
  };
}

/** Undefined: there is no such stream. */
export async function find(
  ref: StreamRef,
  { call, signal }: Pick<TopologyContext, "call" | "signal">,
): Promise<Stream | undefined> {
  return describeStream(ref, call, signal).catch((cause: unknown) => {
    if (isNamed(cause, "ResourceNotFoundException")) return undefined;
    throw cause;
  });
}

/** Undefined: no such consumer is registered. */
export async function consumerStatus(
  stream: Stream,
  ConsumerName: string,
  { call, signal }: TopologyContext,
): Promise<string | undefined> {
  try {
    const found = await call("DescribeStreamConsumer", { StreamARN: stream.arn, ConsumerName }, signal);
    return found.ConsumerDescription?.ConsumerStatus;
  } catch (cause) {
    if (isNamed(cause, "ResourceNotFoundException")) return undefined;
    throw cause;
  }
}

/** Waits for `work` and ignores an error of this name. */
export async function ignoring(name: string, work: Promise<unknown>): Promise<void> {
  await work.catch((cause: unknown) => {
    if (!isNamed(cause, name)) throw cause;
  });
}
