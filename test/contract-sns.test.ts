/** The contract on SNS to SQS, standard topics: the emulator, or what the environment names. */
import { contract } from "@switchyard/contract";
import { afterAll, describe, test } from "vitest";
import { startAws } from "./support/aws-emulator.ts";
import { snsHarness } from "./support/sns-harnesses.ts";

const api = {
  describe,
  test: Object.assign((name: string, body: () => Promise<void>) => test(name, { timeout: 180_000 }, body), {
    skip: test.skip,
  }),
};

const aws = await startAws();
afterAll(() => aws.close());
contract(snsHarness(aws, false), api);
