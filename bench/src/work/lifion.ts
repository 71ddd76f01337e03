/** `lifion-kinesis` as its README shows it. It keeps its leases and checkpoints in DynamoDB. */
import { createRequire } from "node:module";
import type { EventEmitter } from "node:events";
import type { WorkOptions } from "../measured.ts";

interface Client extends EventEmitter {
  putRecords(input: { readonly records: readonly object[] }): Promise<unknown>;
  startConsumer(): Promise<void>;
  stopConsumer(): void;
}

export async function lifionClient({ servers }: WorkOptions, streamName: string): Promise<Client> {
  // The AWS SDK within it says in several lines that it is out of support.
  process.env["AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE"] = "1";
  const require = createRequire(import.meta.url);
  const Kinesis = require("lifion-kinesis") as new (options: object) => Client;
  const region = "us-east-1";
  return new Kinesis({
    streamName,
    region,
    endpoint: servers["null-kinesis"],
    dynamoDb: { region, endpoint: servers["dynamodb"] },
    consumerGroup: "bench",
    createStreamIfNeeded: false,
    // As fast as it can: its defaults are 250 ms and 1 s.
    pollDelay: 0,
    noRecordsPollDelay: 250,
  });
}
