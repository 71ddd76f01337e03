/** Kinesis and SNS. */
import { aside, by, JUDGED, type Row, SHORT } from "./row.ts";

const KINESIS = ["null-kinesis", "dynamodb"];

export const streams: readonly Row[] = [
  {
    id: "kinesis-put",
    title: "Kinesis, 10,000 concurrent publish(), no key",
    servers: KINESIS,
    contenders: [
      by("switchyard", "kinesis-put", "ours"),
      by("raw, PutRecords of 500", "kinesis-put", "rawBatches"),
      aside("raw, one PutRecord a message", "kinesis-put", "rawOneByOne"),
      aside("lifion-kinesis, putRecords of 500", "kinesis-put", "lifion"),
    ],
    ...SHORT,
    targets: [
      { metric: "rate", of: "switchyard", against: "raw, PutRecords of 500", atLeast: 0.9 },
      { metric: "requests", of: "switchyard", atMost: 2.5, unit: "requests per 1,000" },
    ],
  },
  {
    id: "kinesis-consume",
    title: "Kinesis, get and handle, four shards, no-op handler",
    servers: KINESIS,
    contenders: [
      by("switchyard", "kinesis-consume", "oursAll"),
      by("raw, a loop a shard, 1,000 a call", "kinesis-consume", "rawThousands"),
      by("raw, a loop a shard, 10,000 a call", "kinesis-consume", "rawMost"),
      aside("lifion-kinesis", "kinesis-consume", "lifion"),
    ],
    ...SHORT,
    processes: { full: 3, quick: 2 },
    targets: [
      { metric: "rate", of: "switchyard", against: "raw, a loop a shard, 1,000 a call", atLeast: 0.85 },
      { metric: "rate", of: "switchyard", against: "raw, a loop a shard, 10,000 a call", atLeast: 0.85 },
    ],
  },
];

export const topics: readonly Row[] = [
  {
    id: "sns-publish",
    title: "SNS, 10,000 concurrent publish()",
    servers: ["null-sns"],
    contenders: [
      by("switchyard", "sns-publish", "ours"),
      by("raw, batches of ten", "sns-publish", "rawBatches"),
      aside("raw, one call a message", "sns-publish", "rawOneByOne"),
      aside("@message-queue-toolkit/sns", "sns-publish", "toolkit"),
    ],
    ...JUDGED,
    processes: { full: 3, quick: 1 },
    targets: [
      { metric: "rate", of: "switchyard", against: "raw, batches of ten", atLeast: 0.9 },
      { metric: "requests", of: "switchyard", atMost: 105, unit: "requests per 1,000" },
    ],
    warmup: 4,
  },
];
