/** Random operations on a fake and on the real broker: what both see must be the same. */
import type { Harness } from "@switchyard/contract";
import fc from "fast-check";
import type { Operation } from "./operations.ts";
import { Side, TooSlow } from "./side.ts";
import type { World } from "./world.ts";

export interface Comparison {
  readonly fake: Cuttable;
  readonly real: Cuttable;
  readonly world: World;
  readonly operations: fc.Arbitrary<readonly Operation[]>;
  readonly seed: number;
  /** How long to go on, in milliseconds. Ten times as long, with the seeds that follow, while no run came to its end. */
  readonly forMs: number;
  /** What this pair is known to differ in is not done. */
  readonly leaveOut?: (operation: Operation) => boolean;
}

export interface Cuttable {
  readonly harness: Harness;
  /** Breaks the connections of a run. Absent: it is not done. */
  readonly cut?: (prefix: string) => void;
}

const TIMES = 10;
let runs = 0;

/** @returns how many runs and operations were the same. Throws the shortest difference that it finds, with the seed. */
export async function compare({
  fake,
  real,
  world,
  operations,
  seed,
  forMs,
  leaveOut = () => false,
}: Comparison): Promise<{ runs: number; operations: number }> {
  const done = { runs: 0, operations: 0 };
  const cuts = fake.cut !== undefined && real.cut !== undefined;
  const opened = ({ harness, cut }: Cuttable, prefix: string) => Side.open(harness, world, prefix, () => cut?.(prefix));
  const run = async (drawn: readonly Operation[]) => {
    const prefix = `d${process.pid}x${++runs}`;
    const chosen = drawn.filter((operation) => !leaveOut(operation) && (cuts || operation.do !== "cut"));
    const [one, other] = [await opened(fake, prefix), await opened(real, prefix)];
    try {
      let same = 0;
      for (const [at, operation] of chosen.entries()) {
        const expected = await one.see(operation, undefined);
        const seen = await other.see(operation, expected);
        if (seen !== expected)
          throw new Error(
            `${chosen
              .slice(0, at + 1)
              .map((each) => JSON.stringify(each))
              .join("\n")}\n${fake.harness.name}: ${expected}\n${real.harness.name}: ${seen}`,
          );
        same++;
      }
      done.operations += same;
      done.runs++;
    } catch (error) {
      if (!(error instanceof TooSlow)) throw error;
    } finally {
      await Promise.all([one.close(), other.close()]);
    }
  };
  let last = Promise.resolve();
  const property = fc.asyncProperty(operations, (drawn) => (last = run(drawn)));
  const limits = { numRuns: 1_000_000, interruptAfterTimeLimit: forMs, markInterruptAsFailure: false };
  // On a machine that has much else to do all runs may be too slow.
  for (let next = seed; done.runs === 0 && next < seed + TIMES; next++) {
    const { failed, errorInstance } = await fc.check(property, { seed: next, ...limits });
    // The time limit leaves the last run to itself.
    const late = await last.catch((error: unknown) => error);
    const error = failed ? errorInstance : late;
    if (error !== undefined) throw new Error(`with seed ${next}:\n${(error as Error).message}`, { cause: error });
  }
  return done;
}
