/** The contract on SQS, standard and FIFO: the emulator, or what the environment names. */
import { contract } from "@switchyard/contract";
import { afterAll, describe, test } from "vitest";
import { startAws } from "./support/aws-emulator.ts";
import { sqsHarness } from "./support/contract-harnesses.ts";

const api = {
  describe,
  test: Object.assign((name: string, body: () => Promise<void>) => test(name, { timeout: 180_000 }, body), {
    skip: test.skip,
  }),
};

const aws = await startAws();
afterAll(() => aws.close());
for (const ordered of [false, true]) contract(sqsHarness(aws, ordered), api);
