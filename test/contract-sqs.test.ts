/**
 * The contract on SQS, standard and FIFO: the emulator, or what the environment names. The clauses that depend on requests and
 * responses run again with the SDK's own client (`fast: false`), those on delays, ends and resources with delays by hops.
 */
import { cases, contract } from "@switchyard/contract";
import { afterAll, describe, test } from "vitest";
import { startAws } from "./support/aws-emulator.ts";
import { sqsHarness } from "./support/contract-harnesses.ts";

const api = {
  describe,
  test: Object.assign((name: string, body: () => Promise<void>) => test(name, { timeout: 400_000 }, body), {
    skip: test.skip,
  }),
};

const BODIES =
  /^(?:C1-(?!bulk|accepted)|C2-(?!call)|C6-(?:mixed|only|outcome)|C7-extend-as|C8-(?:key|order-per)|C11-(?:at-the|same)|C15-|C16-|H-trace|O-max)/;

const HOPS = /^(?:C1-(?:accepted|cut|lost|throttled)|C2-(?:one|only)|C10-|C13-|C16-driver|C18-|O-(?:depth|purge)|T-)/;

const aws = await startAws();
afterAll(() => aws.close());
for (const ordered of [false, true]) contract(sqsHarness(aws, ordered), api);
const chosen = cases.filter(({ id }) => BODIES.test(id));
for (const ordered of [false, true]) contract(sqsHarness(aws, ordered, { fast: false }), api, chosen);
const delayed = cases.filter(({ id }) => HOPS.test(id));
contract(sqsHarness(aws, false, { hops: true }), api, delayed);
