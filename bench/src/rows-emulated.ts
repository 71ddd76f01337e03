/** The same work against the emulators the tests use: they are slower than a good client, and so of what they say only little is the client's. */
import { by, type Row } from "./row.ts";

const SHORT = { rounds: { full: 3, quick: 1 }, warmup: 1, targets: [] } as const;

export const emulated: readonly Row[] = [
  {
    id: "emulator-sqs-publish",
    title: "SQS emulator, 1,000 concurrent publish()",
    servers: ["emulator-sqs"],
    contenders: [by("switchyard", "sqs-emulated", "ours"), by("raw, batches of ten", "sqs-emulated", "rawBatches")],
    ...SHORT,
  },
  {
    id: "emulator-sqs-consume",
    title: "SQS emulator, send, receive, handle and delete",
    servers: ["emulator-sqs"],
    contenders: [by("switchyard", "sqs-emulated", "oursAll"), by("raw, ten loops", "sqs-emulated", "rawAll")],
    ...SHORT,
  },
  {
    id: "emulator-kinesis-put",
    title: "Kinesis emulator, 2,000 concurrent publish()",
    servers: ["emulator-kinesis"],
    contenders: [
      by("switchyard", "kinesis-put", "oursEmulated"),
      by("raw, PutRecords of 500", "kinesis-put", "rawBatchesEmulated"),
    ],
    ...SHORT,
  },
  {
    id: "emulator-kinesis-consume",
    title: "Kinesis emulator, put, get and handle",
    servers: ["emulator-kinesis"],
    contenders: [
      by("switchyard", "kinesis-consume", "oursEmulated"),
      by("raw, a loop a shard", "kinesis-consume", "rawEmulated"),
    ],
    ...SHORT,
  },
];
