/** Streams on Kinesis, as the contract suite sees them: `aws`, because the dead letters of a stream are an SQS queue. */
import {
  DescribeStreamSummaryCommand,
  ListShardsCommand,
  MergeShardsCommand,
  PutRecordCommand,
  SplitShardCommand,
} from "@aws-sdk/client-kinesis";
import { adapter as aws } from "@switchyard/aws";
import type { Exemption, Harness } from "@switchyard/contract";
import { systemRuntime } from "@switchyard/core";
import type { Destination } from "@switchyard/core/driver";
import type { Aws } from "./aws-emulator.ts";
import type { Kinesis } from "./kinesis-emulator.ts";

const EXEMPTIONS: readonly Exemption[] = [];

export interface Services {
  readonly kinesis: Kinesis;
  readonly sqs: Aws;
}

/** Quick for tests, and no quicker than the emulator can answer: on AWS the quota of a shard is five reads a second. */
const EMULATED = { every: "50ms", idle: "500ms" };

export function kinesisHarness({ kinesis, sqs }: Services, fanOut: boolean, { fast = true } = {}): Harness {
  const { client } = kinesis;

  /** The stream is active again. */
  async function active(StreamName: string): Promise<void> {
    for (;;) {
      const { StreamDescriptionSummary: found } = await client.send(new DescribeStreamSummaryCommand({ StreamName }));
      if (found?.StreamStatus === "ACTIVE") return;
      await systemRuntime.sleep(20);
    }
  }

  async function openShards(StreamName: string) {
    const { Shards = [] } = await client.send(new ListShardsCommand({ StreamName }));
    const parents = new Set(Shards.flatMap((one) => [one.ParentShardId, one.AdjacentParentShardId]));
    return Shards.filter((one) => !parents.has(one.ShardId)).sort((a, b) =>
      BigInt(a.HashKeyRange!.StartingHashKey!) < BigInt(b.HashKeyRange!.StartingHashKey!) ? -1 : 1,
    );
  }

  return {
    name: `${fanOut ? "Kinesis, fan-out" : "Kinesis, polling"}${fast ? "" : ", fast off"}`,
    about: kinesis.what,
    adapter: aws,
    model: "stream",
    ordered: true,
    connection: (broker) => ({
      ...sqs.connection,
      ...(fast ? {} : { fast }),
      kinesis: {
        ...kinesis.connection,
        fanOut,
        ...(fast ? {} : { fast }),
        ...(kinesis.real ? {} : { poll: EMULATED }),
        leases: { store: "memory", name: broker, duration: "9s", handover: "3s", discover: "2s" },
      },
    }),
    runtime: () => systemRuntime,
    native: {
      sendForeign: async (to: Destination, { body, key }) => {
        await client.send(
          new PutRecordCommand({ StreamName: to.base, Data: Buffer.from(body), PartitionKey: key ?? "foreign" }),
        );
      },
      split: async (of) => {
        const [first] = await openShards(of.base);
        const { StartingHashKey: from, EndingHashKey: to } = first!.HashKeyRange!;
        const middle = (BigInt(from!) + BigInt(to!)) / 2n;
        await client.send(
          new SplitShardCommand({
            StreamName: of.base,
            ShardToSplit: first!.ShardId!,
            NewStartingHashKey: String(middle),
          }),
        );
        await active(of.base);
      },
      merge: async (of) => {
        const [first, second] = await openShards(of.base);
        await client.send(
          new MergeShardsCommand({
            StreamName: of.base,
            ShardToMerge: first!.ShardId!,
            AdjacentShardToMerge: second!.ShardId!,
          }),
        );
        await active(of.base);
      },
    },
    // Slack: the emulator answers in tens of milliseconds, and pushes once a second.
    limits: { bulk: 1_000, caseMs: 120_000, slackMs: 4_000 },
    parallel: 8,
    exemptions: EXEMPTIONS,
  };
}
