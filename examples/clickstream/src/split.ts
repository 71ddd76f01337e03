/** What an operator does to a stream that has become too small; the service takes no part in it. */
import { control } from "@switchyard/memory/testing";

export async function splitMemory(stream: string): Promise<void> {
  const broker = control("clickstream")!;
  broker.split(stream, broker.partitions(stream)[0]!);
}

export async function splitKinesis(StreamName: string): Promise<void> {
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
