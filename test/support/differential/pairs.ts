/** Each fake with the broker that it stands for, and what the two are known to differ in (docs/transports/memory.md#as-another-broker). */
import type { Harness } from "@switchyard/contract";
import { control } from "@switchyard/memory/testing";
import type { Arbitrary } from "fast-check";
import { type Aws, startAws } from "../aws-emulator.ts";
import { memoryHarness, type MemoryVariety, memoryVarieties, sqsHarness } from "../contract-harnesses.ts";
import { kinesisHarness } from "../kinesis-harness.ts";
import { startKinesis } from "../kinesis-emulator.ts";
import { rabbitHarness, rabbitVarieties } from "../rabbit-harness.ts";
import { snsHarness } from "../sns-harnesses.ts";
import { startTcpProxy } from "../tcp-proxy.ts";
import { compare, type Cuttable } from "./compare.ts";
import { correctLateReceipts } from "./late-receipts.ts";
import { agingOperations, type Operation, operations } from "./operations.ts";
import type { World } from "./world.ts";

export interface Pair {
  /** Of the broker. */
  readonly name: string;
  readonly fake: Cuttable;
  readonly world: World;
  readonly operations: Arbitrary<readonly Operation[]>;
  open(): Promise<{ readonly real: Cuttable; close(): Promise<void> }>;
  /** How many comparisons may run beside each other, each on a broker that is opened for it: most of their time they wait. Default 4. */
  readonly beside?: number;
  /** What is not done, because the two differ in it. */
  readonly leaveOut?: (operation: Operation) => boolean;
}

const fakeOf = (variety: MemoryVariety): Cuttable => ({
  harness: memoryHarness(variety),
  cut: (prefix) => control(prefix)!.faults.dropConnection(),
});
const fakeNamed = (name: string): Cuttable =>
  fakeOf(memoryVarieties.find((variety) => variety.name === `memory as ${name}`)!);

const onAws = (name: string, harness: (aws: Aws) => Harness): Pair => ({
  name,
  fake: fakeNamed(name),
  world: { members: "apart" },
  operations,
  open: async () => {
    await correctLateReceipts();
    const aws = await startAws();
    return { real: { harness: harness(aws) }, close: () => aws.close() };
  },
});

/** A stream takes nothing back. */
const returns = (operation: Operation): boolean =>
  ["release", "retry", "later", "purge"].includes(operation.do) ||
  (operation.do === "late" && (operation.what === "release" || operation.what === "retry"));

const hasBytes = (operation: Operation): boolean =>
  operation.do === "send" && operation.messages.some(({ body }) => body === "binary");

const isDelayed = (operation: Operation): boolean =>
  operation.do === "send" && operation.messages.some(({ delayed }) => delayed);

export const awsPairs: readonly Pair[] = [
  onAws("SQS", (aws) => sqsHarness(aws, false)),
  onAws("SQS FIFO", (aws) => sqsHarness(aws, true)),
  onAws("SNS", (aws) => snsHarness(aws, false)),
  onAws("SNS FIFO", (aws) => snsHarness(aws, true)),
  {
    name: "Kinesis",
    fake: fakeNamed("Kinesis"),
    world: { members: "one" },
    operations,
    beside: 1,
    open: async () => {
      const [kinesis, sqs] = [await startKinesis(), await startAws()];
      const close = async () => void (await Promise.all([kinesis.close(), sqs.close()]));
      return { real: { harness: kinesisHarness({ kinesis, sqs }, false) }, close };
    },
    // Kinesis tells how far behind a group is in time only. Its adapter takes bytes, which core never gives it.
    leaveOut: (operation) => returns(operation) || operation.do === "depth" || hasBytes(operation),
  },
];

/** Between the seeds of comparisons beside each other. */
const APART = 1_000_000;

/** How long RabbitMQ keeps messages where that is compared: nothing else takes so long. */
const RETENTION_MS = 1_500;

export function rabbitPairs(url: string): readonly Pair[] {
  const pair = (name: string, world: World, more: Partial<Pair> = {}): Pair => {
    const variety = rabbitVarieties.find((each) => each.name === name)!;
    const profile = variety.model === "stream" ? "rabbitmq-stream" : "rabbitmq-queue";
    return {
      name,
      // Not one of `memoryVarieties`, each of which the contract suite runs on.
      fake: fakeOf({ ...variety, name: `memory as ${name}`, options: { profile } }),
      world,
      operations,
      open: async () => {
        const proxy = await startTcpProxy(Number(new URL(url).port));
        const through = new URL(url);
        through.host = `127.0.0.1:${proxy.port}`;
        const harness = rabbitHarness(variety, through.href);
        return { real: { harness, cut: () => proxy.cut() }, close: () => proxy.close() };
      },
      // A purge leaves what a consumer holds, and it may hold what it was never asked for.
      leaveOut: ({ do: what }) => what === "purge",
      ...more,
    };
  };
  return [
    pair("RabbitMQ queue", { members: "competing" }),
    pair("RabbitMQ queue, ordered", { members: "alone" }),
    pair("RabbitMQ pub/sub", { members: "competing" }),
    // Members share partitions when they next look, and give them up when nothing of them is held. One partition they do not share.
    pair("RabbitMQ pub/sub, ordered", { members: "one", partitions: 1 }),
    pair("RabbitMQ stream", { members: "one" }, { leaveOut: returns }),
    {
      ...pair("RabbitMQ queue", { members: "alone", retentionMs: RETENTION_MS }),
      name: "RabbitMQ queue, short retention",
      operations: agingOperations,
      leaveOut: isDelayed,
    },
  ];
}

/**
 * Compares a broker with its fake for so many milliseconds. `beside`: how many comparisons run beside each other at most. The first has the
 * seed, the others seeds that follow from it.
 */
export async function comparePair(
  { fake, world, operations: drawn, open, beside: most = 4, leaveOut }: Pair,
  seed: number,
  forMs: number,
  beside = 1,
): Promise<{ runs: number; operations: number }> {
  const one = async (nth: number) => {
    const { real, close } = await open();
    const options = { fake, real, world, operations: drawn, seed: seed + nth * APART, forMs };
    try {
      return await compare({ ...options, ...(leaveOut === undefined ? {} : { leaveOut }) });
    } finally {
      await close();
    }
  };
  const results = await Promise.allSettled(Array.from({ length: Math.min(beside, most) }, (_, nth) => one(nth)));
  const done = { runs: 0, operations: 0 };
  for (const result of results) {
    if (result.status === "rejected") throw result.reason;
    done.runs += result.value.runs;
    done.operations += result.value.operations;
  }
  return done;
}
