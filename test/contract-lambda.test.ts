/**
 * The contract with consumers on Lambda: functions in this process behind event source mappings of SQS, of SNS's queues and of Kinesis.
 * What needs a process is tried in lambda-runtime.test.ts.
 */
import { contract } from "@switchyard/contract";
import { afterAll, describe, test } from "vitest";
import { startAws } from "./support/aws-emulator.ts";
import { startKinesis } from "./support/kinesis-emulator.ts";
import { lambdaOnKinesis, lambdaOnSns, lambdaOnSqs } from "./support/lambda-harnesses.ts";

const api = {
  describe,
  test: Object.assign((name: string, body: () => Promise<void>) => test(name, { timeout: 400_000 }, body), {
    skip: test.skip,
  }),
};

const [aws, kinesis] = await Promise.all([startAws(), startKinesis()]);
afterAll(async () => {
  await kinesis.close();
  await aws.close();
});
for (const ordered of [false, true]) contract(lambdaOnSqs(aws, ordered), api);
contract(lambdaOnSns(aws), api);
contract(lambdaOnKinesis({ sqs: aws, kinesis }), api);
