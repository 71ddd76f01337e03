/** Tests of Lambda functions in this process: events as AWS makes them, from typed messages. */
export { invoke, type InvokeOptions, type Invocation } from "./invoke.ts";
export { kinesis, sqs, type Batch, type BatchOptions, type Item } from "./batch.ts";
export type { Verdict } from "@switchyard/core/push";
