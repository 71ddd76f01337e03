/** The settings under `native.lambda` of a group that runs on AWS Lambda. Its event source mapping belongs to a deployment tool. */
import type { Destination } from "@switchyard/core/driver";
import { formatDuration, parseDuration } from "@switchyard/core/driver-kit";

/** What core and this package need to know of the function and its event source mapping. Absent: not known, so not checked. */
export interface LambdaSettings {
  /** The function's name or ARN. */
  readonly function?: string;
  readonly timeoutMs?: number;
  /** `MaximumBatchingWindowInSeconds`. Default 0. */
  readonly windowMs: number;
  /** True if the mapping has `FunctionResponseTypes: [ReportBatchItemFailures]`. */
  readonly report: boolean;
  readonly batchSize?: number;
  /** SQS: `ScalingConfig.MaximumConcurrency`. */
  readonly maximumConcurrency?: number;
  /** Kinesis: `ParallelizationFactor`. Default 1. */
  readonly parallelization: number;
}

const SECOND = 1_000;
/** Of a function [AWS developer guide, Lambda quotas]. */
const MAX_TIMEOUT_MS = 900 * SECOND;
/** `MaximumBatchingWindowInSeconds` [AWS API reference, CreateEventSourceMapping]. */
const MAX_WINDOW_MS = 300 * SECOND;
/** Records in a batch: of a standard queue or a stream, of a FIFO queue. */
const MAX_BATCH = 10_000;
const MAX_FIFO_BATCH = 10;
/** AWS's advice for a queue's visibility timeout: six times the function's timeout, and the window on top. */
export const HOLD_FACTOR = 6;
const MAX_PARALLEL = 10;

type Check = (value: unknown, of: Destination) => string | undefined;

const duration =
  (min: number, max: number, words: string): Check =>
  (value) => {
    const ms = parseDuration(value);
    return ms !== undefined && ms >= min && ms <= max && ms % SECOND === 0 ? undefined : `${words}, in whole seconds`;
  };
const whole =
  (min: number, max: number): Check =>
  (value) =>
    Number.isInteger(value) && (value as number) >= min && (value as number) <= max
      ? undefined
      : `a whole number from ${min} to ${max}`;
const queuesOnly =
  (check: Check): Check =>
  (value, of) =>
    of.model === "stream" ? "for queues only" : check(value, of);

const CHECKS: Readonly<Record<string, Check>> = {
  function: (value) =>
    typeof value === "string" && /^[\w:$-]{1,170}$/.test(value) ? undefined : "the function's name or ARN",
  timeout: duration(SECOND, MAX_TIMEOUT_MS, "a duration from 1s to 15m"),
  window: (value, of) =>
    of.ordered && of.model !== "stream"
      ? "allowed only without an ordering key: FIFO queues have no window"
      : duration(0, MAX_WINDOW_MS, "a duration from 0s to 5m")(value, of),
  answer: (value) =>
    value === "report" || value === "throw"
      ? undefined
      : '"report" where the mapping has FunctionResponseTypes: [ReportBatchItemFailures], "throw" elsewhere',
  batchSize: (value, of) => whole(1, of.ordered && of.model !== "stream" ? MAX_FIFO_BATCH : MAX_BATCH)(value, of),
  maximumConcurrency: queuesOnly(whole(2, 1_000)),
  parallelization: (value, of) => (of.model === "stream" ? whole(1, MAX_PARALLEL)(value, of) : "for streams only"),
};

/** What is wrong with `native.lambda`, one sentence each, as {@link Adapter.nativeProblems} wants them. */
export function lambdaProblems(of: Destination): readonly string[] {
  const given = of.native["lambda"];
  if (given === undefined) return [];
  if (of.runsOn !== "lambda") return ["native.lambda: set runsOn: lambda for the group, or leave it out"];
  if (typeof given !== "object" || given === null || Array.isArray(given))
    return [`native.lambda: settings by name: ${Object.keys(CHECKS).join(", ")}`];
  const problems: string[] = [];
  for (const [key, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const check = Object.hasOwn(CHECKS, key) ? CHECKS[key] : undefined;
    const allowed = check === undefined ? `not known; known: ${Object.keys(CHECKS).join(", ")}` : check(value, of);
    if (allowed !== undefined) problems.push(`native.lambda: ${key}: ${allowed}`);
  }
  if (problems.length > 0) return problems;
  const { timeoutMs, windowMs, batchSize, parallelization } = lambdaSettings(of);
  if (of.model === "stream") {
    if (parallelization > 1 && of.ordered)
      problems.push(
        "native.lambda: parallelization: 1 for a channel with an ordering key: several invocations of a shard at once share its answer, and records that a producer has aggregated hold several keys",
      );
    return problems;
  }
  if (batchSize !== undefined && batchSize > MAX_FIFO_BATCH && windowMs < SECOND)
    problems.push(`native.lambda: window: at least 1s with a batchSize of more than ${MAX_FIFO_BATCH}`);
  if (timeoutMs === undefined) return problems;
  const leastMs = HOLD_FACTOR * timeoutMs + windowMs;
  if ((of.holdMs ?? 0) < leastMs) {
    const parts = `${HOLD_FACTOR} times the function's timeout of ${formatDuration(timeoutMs)}${windowMs > 0 ? ` and the window of ${formatDuration(windowMs)}` : ""}`;
    problems.push(
      `native.lambda: the group's hold is the queue's visibility timeout here, which must be at least ${parts}; set hold: ${formatDuration(leastMs)}`,
    );
  }
  return problems;
}

/** For settings in which {@link lambdaProblems} found nothing. */
export function lambdaSettings(of: Destination): LambdaSettings {
  const given = (of.native["lambda"] ?? {}) as Readonly<Record<string, unknown>>;
  const timeoutMs = parseDuration(given["timeout"]);
  return {
    ...(typeof given["function"] === "string" ? { function: given["function"] } : {}),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    windowMs: parseDuration(given["window"]) ?? 0,
    report: given["answer"] === "report",
    ...(typeof given["batchSize"] === "number" ? { batchSize: given["batchSize"] } : {}),
    ...(typeof given["maximumConcurrency"] === "number" ? { maximumConcurrency: given["maximumConcurrency"] } : {}),
    parallelization: typeof given["parallelization"] === "number" ? given["parallelization"] : 1,
  };
}
