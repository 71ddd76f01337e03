/** What is the broker's and not the service's: where its workers can run, and how a stream that has become too small is split. */
import { control } from "@switchyard/memory/testing";
import { startInside, startProcess, type Worker } from "./fleet.ts";
import type { Sessions } from "./sessions.ts";

export type Profile = "memory" | "kinesis" | "rabbit";

interface Operator {
  readonly start: (profile: Profile, database: Sessions) => Promise<Worker>;
  /** Absent: its streams keep the partitions they were made with. */
  readonly split?: (stream: string) => Promise<void>;
}

export const operators: Readonly<Record<Profile, Operator>> = {
  memory: { start: startInside, split: splitMemory },
  kinesis: { start: startProcess, split: splitKinesis },
  // Its group's leases are in this process's memory, so its workers are too: see the configuration.
  rabbit: { start: startInside },
};

async function splitMemory(stream: string): Promise<void> {
  const broker = control("clickstream")!;
  broker.split(stream, broker.partitions(stream)[0]!);
}

async function splitKinesis(StreamName: string): Promise<void> {
  const { KinesisClient, ListShardsCommand, SplitShardCommand } = await import("@aws-sdk/client-kinesis");
  const client = new KinesisClient({ region: process.env["AWS_REGION"] ?? "us-east-1" });
  try {
    const { Shards = [] } = await client.send(new ListShardsCommand({ StreamName }));
    const { ShardId, HashKeyRange } = Shards[0]!;
    const middle = (BigInt(HashKeyRange!.StartingHashKey!) + BigInt(HashKeyRange!.EndingHashKey!)) / 2n;
    await client.send(
      new SplitShardCommand({ StreamName, ShardToSplit: ShardId!, NewStartingHashKey: String(middle) }),
    );
  } finally {
    client.destroy();
  }
}
