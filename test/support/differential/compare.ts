/** Random operations on a fake and on the real broker: what both see must be the same. */
import type { Harness } from "@switchyard/contract";
import fc from "fast-check";
import { type Operation, operations } from "./operations.ts";
import { Side } from "./side.ts";

export interface Comparison {
  readonly fake: Harness;
  readonly real: Harness;
  readonly seed: number;
  /** How long to go on, in milliseconds. */
  readonly forMs: number;
  /** What this pair is known to differ in is not done. */
  readonly leaveOut?: (operation: Operation) => boolean;
}

let runs = 0;

/** @returns how many runs and operations were the same. Throws the shortest difference that it finds, with the seed. */
export async function compare({
  fake,
  real,
  seed,
  forMs,
  leaveOut = () => false,
}: Comparison): Promise<{ runs: number; operations: number }> {
  const done = { runs: 0, operations: 0 };
  const property = fc.asyncProperty(operations, async (drawn) => {
    const prefix = `d${process.pid}x${++runs}`;
    const chosen = drawn.filter((operation) => !leaveOut(operation));
    const [one, other] = [await Side.open(fake, prefix), await Side.open(real, prefix)];
    try {
      for (const [at, operation] of chosen.entries()) {
        const expected = await one.see(operation, undefined);
        const seen = await other.see(operation, expected);
        if (seen !== expected)
          throw new Error(
            `${chosen
              .slice(0, at + 1)
              .map((each) => JSON.stringify(each))
              .join("\n")}\n${fake.name}: ${expected}\n${real.name}: ${seen}`,
          );
        done.operations++;
      }
      done.runs++;
    } finally {
      await Promise.all([one.close(), other.close()]);
    }
  });
  const limits = { numRuns: 1_000_000, interruptAfterTimeLimit: forMs, markInterruptAsFailure: false };
  const { failed, errorInstance } = await fc.check(property, { seed, ...limits });
  if (failed) throw new Error(`with seed ${seed}:\n${(errorInstance as Error).message}`, { cause: errorInstance });
  return done;
}
