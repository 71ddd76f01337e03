/**
 * The contract with consumers on Lambda: functions in this process behind event source mappings of SQS, of SNS's queues and of Kinesis.
 * What needs a process is tried in lambda-runtime.test.ts. SQS has every case; SNS and Kinesis have what their events and answers decide,
 * and `npm run contract` runs the rest.
 */
import { cases, contract } from "@switchyard/contract";
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

const ON_SNS = /^(?:C1-accepted|C3-|C4-|C5-|C9-|C10-retry|C11-(?:same|redrive|at-the)|C15-|C16-)/;
const ON_KINESIS =
  /^(?:C3-|C5-|C6-|C7-|C8-|C9-|C10-retry|C11-(?:same|source|block|skip|next|redrive)|C13-|C14-|B-|O-(?!purge)|H-|S-)/;

const [aws, kinesis] = await Promise.all([startAws(), startKinesis()]);
afterAll(async () => {
  await kinesis.close();
  await aws.close();
});
for (const ordered of [false, true]) contract(lambdaOnSqs(aws, ordered), api);
const only = (ids: RegExp) => cases.filter(({ id }) => ids.test(id));
contract(lambdaOnSns(aws), api, only(ON_SNS));
contract(lambdaOnKinesis({ sqs: aws, kinesis }), api, only(ON_KINESIS));
