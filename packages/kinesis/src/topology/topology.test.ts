import type { Destination } from "@switchyard/core/driver";
import { virtualRuntime } from "@switchyard/core/testing";
import { expect, test } from "vitest";
import type { KinesisOptions } from "../options.ts";
import { type Called, destination, fakeSdk, never, sdkError } from "../fixtures/fakes.ts";
import { createTopology } from "./index.ts";

/** A stream that does what it is told. */
function cloud() {
  const is = {
    StreamName: "test_clicks",
    StreamARN: "arn:s",
    StreamStatus: "ACTIVE",
    StreamModeDetails: { StreamMode: "PROVISIONED" },
    OpenShardCount: 2,
    RetentionPeriodHours: 48,
    MaxRecordSizeInKiB: 1_024,
    EncryptionType: "KMS",
    KeyId: "alias/aws/kinesis",
  };
  const consumers = new Set<string>();
  const answer = ({ action, input }: Called): unknown => {
    switch (action) {
      case "DescribeStreamSummary":
        return { StreamDescriptionSummary: { ...is } };
      case "DescribeStreamConsumer":
        if (!consumers.has(input.ConsumerName)) throw sdkError("ResourceNotFoundException");
        return { ConsumerDescription: { ConsumerStatus: "ACTIVE", ConsumerARN: "arn:c" } };
      case "RegisterStreamConsumer":
        return void consumers.add(input.ConsumerName);
      case "UpdateStreamMode":
        return void (is.StreamModeDetails = input.StreamModeDetails);
      case "UpdateShardCount":
        return void (is.OpenShardCount = input.TargetShardCount);
      case "UpdateMaxRecordSize":
        return void (is.MaxRecordSizeInKiB = input.MaxRecordSizeInKiB);
      case "IncreaseStreamRetentionPeriod":
      case "DecreaseStreamRetentionPeriod":
        return void (is.RetentionPeriodHours = input.RetentionPeriodHours);
      case "StartStreamEncryption":
        return void Object.assign(is, { EncryptionType: "KMS", KeyId: input.KeyId });
      case "StopStreamEncryption":
        return void (is.EncryptionType = "NONE");
      default:
        throw sdkError("AccessDeniedException", action);
    }
  };
  return fakeSdk(answer);
}

const HOUR = 3_600_000;
const READ = new Set(["DescribeStreamSummary", "DescribeStreamConsumer"]);

async function change(to: Partial<Destination>, destructive = false) {
  const { sdk, client, calls } = cloud();
  const options = { client, leases: { store: "memory" } } as unknown as KinesisOptions;
  const topology = await createTopology(options, sdk, virtualRuntime());
  const wanted = [
    destination({ name: "test_clicks", partitions: 2, retentionMs: 48 * HOUR, ...to, group: undefined } as never),
    destination({ partitions: 2, retentionMs: 48 * HOUR, ...to }),
  ];
  if ("partitions" in to && to.partitions === undefined) for (const one of wanted) delete (one as never)["partitions"];
  const plan = await topology.plan(wanted, never);
  const planned = calls.length;
  await topology.apply(plan, never, { destructive });
  const made = calls.slice(planned).filter(({ action }) => !READ.has(action));
  const left = (await topology.plan(wanted, never)).changes.map(({ action }) => action);
  return {
    changes: plan.changes.map(({ action, summary }) => `${action} ${summary}`),
    calls: made.map(({ action, input }) => [action, input]),
    left,
  };
}

test("a stream that is as it should be is left alone", async () => {
  expect(await change({})).toEqual({ changes: [], calls: [], left: [] });
});

test.each<[string, Partial<Destination>, RegExp, [string, object][]]>([
  [
    "longer retention",
    { retentionMs: 72 * HOUR },
    /^update retention/,
    [["IncreaseStreamRetentionPeriod", { RetentionPeriodHours: 72 }]],
  ],
  [
    "on demand",
    { partitions: undefined } as never,
    /^update mode: provisioned becomes on demand/,
    [["UpdateStreamMode", { StreamModeDetails: { StreamMode: "ON_DEMAND" } }]],
  ],
  [
    "more shards than one step doubles to",
    { partitions: 7 },
    /^update shards: 2 become 7/,
    [
      ["UpdateShardCount", { TargetShardCount: 4 }],
      ["UpdateShardCount", { TargetShardCount: 7 }],
    ],
  ],
  [
    "larger records",
    { native: { maxRecordKiB: 2_048 } },
    /^update largest record: 1024 KiB becomes 2048/,
    [["UpdateMaxRecordSize", { MaxRecordSizeInKiB: 2_048 }]],
  ],
  [
    "another key",
    { native: { kmsKey: "alias/own" } },
    /^update encryption: alias\/aws\/kinesis becomes the KMS key alias\/own/,
    [["StartStreamEncryption", { KeyId: "alias/own" }]],
  ],
  [
    "enhanced fan-out",
    { native: { fanOut: true } },
    /^create of test_clicks, for enhanced fan-out/,
    [["RegisterStreamConsumer", { ConsumerName: "test_clicks_sessions" }]],
  ],
])("after creation: %s", async (_, to, summary, calls) => {
  const result = await change(to);
  expect(result.changes).toEqual([expect.stringMatching(summary)]);
  expect(result.calls).toEqual(calls.map(([action, input]) => [action, expect.objectContaining(input)]));
  expect(result.left).toEqual([]);
});

test.each<[string, Partial<Destination>, string, object]>([
  ["shorter retention", { retentionMs: 24 * HOUR }, "DecreaseStreamRetentionPeriod", { RetentionPeriodHours: 24 }],
  ["no encryption", { native: { encryption: "none" } }, "StopStreamEncryption", { KeyId: "alias/aws/kinesis" }],
])("after creation, only where it is allowed to destroy: %s", async (_, to, action, input) => {
  expect(await change(to)).toMatchObject({ calls: [], left: ["destructive"] });
  const allowed = await change(to, true);
  expect(allowed.calls).toEqual([[action, expect.objectContaining(input)]]);
  expect(allowed.left).toEqual([]);
});
