import { aside, by, JUDGED, type Row, SHORT } from "./row.ts";
import { emulated } from "./rows-emulated.ts";
import { lambda } from "./rows-lambda.ts";
import { telemetry } from "./rows-otel.ts";
import { outbox } from "./rows-outbox.ts";
import { rabbit } from "./rows-rabbit.ts";
import { streams, topics } from "./rows-streams.ts";

/** A young generation that no round fills: what the heap grows by is what was allocated. */
export const COUNTING = ["--min-semi-space-size=128", "--max-semi-space-size=128"];
const BIG = ["--max-old-space-size=6144"];

const FASTQ = "fastq, as its benchmark";
const A_MILLION = "us where fastq does a million a second";

const memory: readonly Row[] = [
  {
    id: "memory",
    title: "memory queue, publish to handled and acknowledged",
    contenders: [
      by("switchyard", "memory", "ours"),
      by(FASTQ, "in-process", "fastqOwn"),
      aside("fastq.promise, no-op", "in-process", "fastqPromise"),
      aside("mqemitter", "in-process", "mqemitter"),
      aside("emittery", "in-process", "emittery"),
      aside("@node-ts/bus-core", "in-process", "bus"),
    ],
    targets: [{ metric: "rate", of: "switchyard", against: FASTQ, atLeast: 0.5 }],
    ...JUDGED,
  },
  {
    id: "memory-channels",
    title: "memory queue, 1,000 channels, a hundred messages to each in turn, against one",
    contenders: [by("1 channel", "memory", "ours"), by("1,000 channels", "memory", "thousandChannels")],
    targets: [{ metric: "rate", of: "1 channel", against: "1,000 channels", atMost: 1.2 }],
    ...SHORT,
  },
  {
    id: "memory-backlog",
    title: "memory queue, handling a backlog of 1,000 against 1,000,000 (quick: 300,000)",
    contenders: [by("1,000", "memory", "backlogThousand", BIG), by("1,000,000", "memory", "backlogMillion", BIG)],
    targets: [{ metric: "rate", of: "1,000", against: "1,000,000", atMost: 1.3 }],
    rounds: { full: 5, quick: 3 },
    warmup: 1,
  },
  {
    id: "memory-held",
    title: "memory held for each queued message, over its body",
    contenders: [by("switchyard", "memory", "held")],
    targets: [{ metric: "bytes", of: "switchyard", atMost: 300, unit: "bytes" }],
    rounds: { full: 5, quick: 3 },
    warmup: 1,
  },
];

const exploring: readonly Row[] = [
  {
    id: "explore",
    title: "explore, runs of a scenario of 20 messages under faults, against one connect() by hand without",
    contenders: [by("explore", "explore", "explored"), by("by hand", "explore", "byHand")],
    targets: [
      { metric: "rate", of: "explore", atLeast: 2_000, unit: "runs/s" },
      { metric: "cpu", of: "explore", against: "by hand", atMost: 1 },
    ],
    ...SHORT,
  },
];

const layer: readonly Row[] = [
  {
    id: "layer",
    title: "portable layer alone (null driver), small object",
    contenders: [
      by("publish", "layer", "publish", COUNTING),
      by("consume", "layer", "consume", COUNTING),
      by("publish, zod", "layer", "publishChecked", COUNTING),
      by("consume, zod", "layer", "consumeChecked", COUNTING),
      by(FASTQ, "layer", "fastq"),
    ],
    ...JUDGED,
    processes: { full: 3, quick: 1 },
    targets: [
      { metric: "microseconds", of: "publish", against: FASTQ, atMost: 1.5, unit: A_MILLION },
      { metric: "microseconds", of: "consume", against: FASTQ, atMost: 1.5, unit: A_MILLION },
      { metric: "microseconds", of: "publish, zod", against: FASTQ, atMost: 3, unit: A_MILLION },
      { metric: "microseconds", of: "consume, zod", against: FASTQ, atMost: 3, unit: A_MILLION },
      { metric: "bytes", of: "publish", atMost: 1_024, unit: "bytes" },
      { metric: "bytes", of: "consume", atMost: 1_024, unit: "bytes" },
    ],
  },
  {
    id: "compress",
    title: "portable layer, an order of 1.7 KB of JSON, compressed",
    contenders: [
      by("not compressed", "compress", "none"),
      by("brotli", "compress", "brotli"),
      by("gzip", "compress", "gzip"),
      by("zstd", "compress", "zstd"),
    ],
    targets: [
      { metric: "bytes", of: "brotli", against: "not compressed", atMost: 0.3 },
      { metric: "bytes", of: "gzip", against: "not compressed", atMost: 0.3 },
    ],
    rounds: { full: 7, quick: 4 },
    warmup: 3,
  },
  {
    id: "encrypt",
    title: "encryption alone, a message of 1 KB of JSON",
    contenders: [
      by("switchyard", "encrypt", "ours"),
      by("jose, one key", "encrypt", "joseDirect"),
      by("jose, a key each", "encrypt", "joseWrapped"),
    ],
    targets: [
      { metric: "encrypting", of: "switchyard", atMost: 25 },
      { metric: "decrypting", of: "switchyard", atMost: 25 },
    ],
    rounds: { full: 7, quick: 4 },
    warmup: 3,
  },
  {
    id: "import",
    title: 'import "@switchyard/core", cold',
    contenders: [by("switchyard", "loading", "core")],
    targets: [
      { metric: "milliseconds", of: "switchyard", atMost: 25, unit: "ms" },
      { metric: "kilobytes", of: "switchyard", atMost: 45, unit: "KB" },
    ],
    rounds: { full: 5, quick: 2 },
    warmup: 1,
  },
  {
    id: "idle",
    title: "1,000 channels consumed in one process, idle",
    contenders: [by("switchyard", "memory", "idle")],
    targets: [
      { metric: "percent", of: "switchyard", atMost: 2, unit: "% of a core" },
      { metric: "kilobytes", of: "switchyard", atMost: 20, unit: "KB each" },
    ],
    rounds: { full: 2, quick: 1 },
    warmup: 0,
  },
];

const SQS = ["null-sqs"];
const sqs: readonly Row[] = [
  {
    id: "sqs-publish",
    title: "SQS, 10,000 concurrent publish()",
    servers: SQS,
    contenders: [
      by("switchyard", "sqs-publish", "ours"),
      by("raw, batches of ten", "sqs-publish", "rawBatches"),
      aside("raw, one call a message", "sqs-publish", "rawOneByOne"),
      aside("sqs-producer", "sqs-publish", "sqsProducer"),
      aside("@message-queue-toolkit/sqs", "sqs-publish", "toolkit"),
    ],
    targets: [
      { metric: "rate", of: "switchyard", against: "raw, batches of ten", atLeast: 0.9 },
      { metric: "rate", of: "switchyard", against: "raw, one call a message", atLeast: 6 },
      { metric: "requests", of: "switchyard", atMost: 105, unit: "requests per 1,000" },
    ],
    ...JUDGED,
    processes: { full: 3, quick: 1 },
  },
  {
    id: "sqs-consume",
    title: "SQS, consume and acknowledge, no-op handler",
    servers: SQS,
    contenders: [
      by("switchyard", "sqs-consume", "oursAll"),
      by("raw, ten loops", "sqs-consume", "rawAll"),
      aside("sqs-consumer, one at a time", "sqs-consume", "consumerOneByOne"),
      aside("sqs-consumer, ten at a time", "sqs-consume", "consumerTens"),
      aside("sqs-consumer, batch handler", "sqs-consume", "consumerBatches"),
      aside("@message-queue-toolkit/sqs", "sqs-consume", "toolkitAll"),
    ],
    targets: [
      { metric: "rate", of: "switchyard", against: "raw, ten loops", atLeast: 0.9 },
      { metric: "rate", of: "switchyard", against: "sqs-consumer, one at a time", atLeast: 2 },
      { metric: "rate", of: "switchyard", against: "sqs-consumer, batch handler", atLeast: 1 },
      { metric: "requests", of: "switchyard", atMost: 210, unit: "requests per 1,000" },
    ],
    ...JUDGED,
    processes: { full: 3, quick: 1 },
  },
  {
    id: "sqs-mixed",
    title: "SQS, handlers of 5 to 500 ms, concurrency 50",
    servers: SQS,
    contenders: [by("switchyard", "sqs-consume", "oursMixed"), by("sqs-consumer", "sqs-consume", "consumerMixed")],
    targets: [{ metric: "rate", of: "switchyard", against: "sqs-consumer", atLeast: 6 }],
    rounds: { full: 5, quick: 1 },
    warmup: 1,
  },
  {
    id: "sqs-fifo",
    title: "SQS FIFO, 100 groups, handlers of 5 ms",
    servers: SQS,
    contenders: [
      by("switchyard", "sqs-consume", "oursFifo"),
      by("sqs-consumer, in order", "sqs-consume", "consumerFifo"),
    ],
    targets: [{ metric: "rate", of: "switchyard", against: "sqs-consumer, in order", atLeast: 5 }],
    rounds: { full: 5, quick: 1 },
    warmup: 1,
  },
];

export const rows: readonly Row[] = [
  ...layer,
  ...memory,
  ...exploring,
  ...sqs,
  ...topics,
  ...streams,
  ...rabbit,
  ...lambda,
  ...outbox,
  ...telemetry,
  ...emulated,
];
