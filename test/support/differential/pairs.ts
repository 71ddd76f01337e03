/** Each fake with the broker that it stands for, and what the two are known to differ in (docs/transports/memory.md#as-another-broker). */
import type { Harness } from "@switchyard/contract";
import { type Aws, startAws } from "../aws-emulator.ts";
import { memoryHarness, memoryVarieties, sqsHarness } from "../contract-harnesses.ts";
import { kinesisHarness } from "../kinesis-harness.ts";
import { startKinesis } from "../kinesis-emulator.ts";
import { rabbitHarness, rabbitVarieties } from "../rabbit-harness.ts";
import { snsHarness } from "../sns-harnesses.ts";
import { compare } from "./compare.ts";
import type { Operation } from "./operations.ts";

export interface Pair {
  /** Of the broker. */
  readonly name: string;
  readonly fake: Harness;
  open(): Promise<{ readonly real: Harness; close(): Promise<void> }>;
  /** What is not done, because the two differ in it. */
  readonly leaveOut?: (operation: Operation) => boolean;
}

const fakeOf = (name: string): Harness =>
  memoryHarness(memoryVarieties.find((variety) => variety.name === `memory as ${name}`)!);

const onAws = (name: string, harness: (aws: Aws) => Harness): Pair => ({
  name,
  fake: fakeOf(name),
  open: async () => {
    const aws = await startAws();
    return { real: harness(aws), close: () => aws.close() };
  },
});

const returns = ({ do: what }: Operation): boolean => ["release", "retry", "later", "purge"].includes(what);

const hasBytes = (operation: Operation): boolean =>
  operation.do === "send" && operation.messages.some(({ body }) => body === "binary");

export const awsPairs: readonly Pair[] = [
  onAws("SQS", (aws) => sqsHarness(aws, false)),
  onAws("SQS FIFO", (aws) => sqsHarness(aws, true)),
  onAws("SNS", (aws) => snsHarness(aws, false)),
  onAws("SNS FIFO", (aws) => snsHarness(aws, true)),
  {
    name: "Kinesis",
    fake: fakeOf("Kinesis"),
    open: async () => {
      const [kinesis, sqs] = [await startKinesis(), await startAws()];
      const close = async () => void (await Promise.all([kinesis.close(), sqs.close()]));
      return { real: kinesisHarness({ kinesis, sqs }, false), close };
    },
    // A stream takes nothing back. Kinesis tells how far behind a group is in time only. Its adapter takes bytes, which core never gives it.
    leaveOut: (operation) => returns(operation) || operation.do === "depth" || hasBytes(operation),
  },
];

export const rabbitPairs = (url: string): readonly Pair[] =>
  rabbitVarieties
    // Ordered pub/sub is an ordered queue behind a topic.
    .filter(({ model, ordered }) => model !== "pubsub" || !ordered)
    .map((variety) => ({
      name: variety.name,
      fake: fakeOf(variety.name),
      open: async () => ({ real: rabbitHarness(variety, url), close: async () => {} }),
      // A purge leaves what a consumer holds, and it may hold what it was never asked for. What an ordered queue gets back it gets when
      // all else that its consumer holds is settled.
      leaveOut: (operation) =>
        variety.model === "stream" || variety.ordered ? returns(operation) : operation.do === "purge",
    }));

/** Opens the broker, compares it with its fake for so many milliseconds, and closes it. */
export async function comparePair({ fake, open, leaveOut }: Pair, seed: number, forMs: number) {
  const { real, close } = await open();
  try {
    return await compare({ fake, real, seed, forMs, ...(leaveOut === undefined ? {} : { leaveOut }) });
  } finally {
    await close();
  }
}
