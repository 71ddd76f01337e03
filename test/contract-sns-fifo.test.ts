/** The contract on SNS to SQS, FIFO topics, in a file of its own to run beside it: the emulator, or what the environment names. */
import { cases, contract } from "@switchyard/contract";
import { afterAll, describe, test } from "vitest";
import { startAws } from "./support/aws-emulator.ts";
import { snsHarness } from "./support/sns-harnesses.ts";

const api = {
  describe,
  test: Object.assign((name: string, body: () => Promise<void>) => test(name, { timeout: 400_000 }, body), {
    skip: test.skip,
  }),
};

/** What depends on requests and responses; again with the SDK's own client. */
const BODIES = /^(?:C2-(?!call)|C8-(?:key|order-per)|C11-(?:at-the|same)|C15-|C16-|H-trace|O-max)/;

const aws = await startAws();
afterAll(() => aws.close());
contract(snsHarness(aws, true), api);
const chosen = cases.filter(({ id }) => BODIES.test(id));
contract(snsHarness(aws, true, { fast: false }), api, chosen);
