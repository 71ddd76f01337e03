import { MessagingError } from "@switchyard/core";
import type { Scale } from "./scale.ts";

/** The bounds of `MaximumConcurrency` and `ParallelizationFactor` [AWS, CreateEventSourceMapping]. */
const CONCURRENCY = { least: 2, most: 1_000 };
const PARALLEL = 10;

/**
 * What an event source mapping needs so that a spike does not overrun what the function calls: `ScalingConfig.MaximumConcurrency` for a
 * queue, `ParallelizationFactor` for a stream.
 *
 * @throws MessagingError `bad-option` if Lambda does not read the transport.
 */
export function lambdaConcurrency(scale: Scale): object {
  if (scale.transport === "kinesis") {
    const shards = scale.input.parallel ?? 1;
    return { ParallelizationFactor: Math.min(Math.max(Math.ceil(scale.input.max / shards), 1), PARALLEL) };
  }
  if (scale.transport !== "sqs" && scale.transport !== "sns")
    throw new MessagingError(
      "bad-option",
      `lambdaConcurrency(): "${scale.input.channel}" is on ${scale.transport}, which Lambda does not read here`,
      { kind: "config" },
    );
  return { ScalingConfig: { MaximumConcurrency: Math.min(Math.max(scale.max, CONCURRENCY.least), CONCURRENCY.most) } };
}
