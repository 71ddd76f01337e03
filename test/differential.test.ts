/**
 * The same random operations on memory as another broker and on that broker itself: RabbitMQ, or the emulators of AWS. Every difference
 * found is mended or declared (docs/transports/memory.md). Longer: `npm run fuzz -- --differential MINUTES`.
 */
import { describe, expect, test } from "vitest";
import type { Operation } from "./support/differential/operations.ts";
import { awsPairs, comparePair, rabbitPairs } from "./support/differential/pairs.ts";
import { memoryHarness, memoryVarieties } from "./support/contract-harnesses.ts";
import { sharedRabbit } from "./support/rabbit-host.ts";
import { skipped } from "./support/rabbit.ts";

const { DIFFERENTIAL_SEED = "1" } = process.env;
const seed = Number(DIFFERENTIAL_SEED);
/** A minute for all pairs together. */
const FOR_MS = 7_000;

test.each(awsPairs.map((pair) => [pair.name, pair] as const))(
  "memory as %s does what its emulator does",
  { timeout: 120_000 },
  async (_name, pair) => expect((await comparePair(pair, seed, FOR_MS)).runs).toBeGreaterThan(0),
);

describe.skipIf(skipped)("RabbitMQ", async () => {
  const url = skipped ? "" : (await sharedRabbit()).url;
  test.concurrent.each(rabbitPairs(url).map((pair) => [pair.name, pair] as const))(
    "memory as %s does what it does",
    { timeout: 120_000 },
    async (_name, pair) => expect((await comparePair(pair, seed, FOR_MS)).runs).toBeGreaterThan(0),
  );
});

test("a difference is found, and told as its shortest story: memory's own rules are not those of SQS", async () => {
  const harness = memoryHarness(memoryVarieties.find(({ name }) => name === "memory queue")!);
  // What takes its time would only make the story come later.
  const leaveOut = ({ do: what }: Operation) => what === "later";
  await expect(comparePair({ ...awsPairs[0]!, fake: { harness }, leaveOut }, seed, 60_000)).rejects.toThrow(
    /^with seed 1:\n\{"do":[^]*\nmemory queue: .*\nSQS standard: /,
  );
}, 120_000);
