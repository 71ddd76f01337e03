/**
 * The contract on Kinesis, polled and by enhanced fan-out: the clauses a stream decides. `npm run contract` runs them all; an
 * emulator that pushes once a second makes that minutes.
 */
import { cases, contract } from "@switchyard/contract";
import { afterAll, describe, test } from "vitest";
import { startAws } from "./support/aws-emulator.ts";
import { startKinesis } from "./support/kinesis-emulator.ts";
import { kinesisHarness } from "./support/kinesis-harness.ts";

const api = {
  describe,
  test: Object.assign((name: string, body: () => Promise<void>) => test(name, { timeout: 400_000 }, body), {
    skip: test.skip,
  }),
};

const POLLING =
  /^(?:S-(?!a-new-worker|record-that)|C2-|C4-own|C8-(?:key|one|order|retry|gap)|C11-(?:same|redrive|at-the)|C12-idle|C15-|O-max|O-depth|O-publish)/;
const FAN_OUT = /^(?:S-(?:replay|latest|resume|seek-position|split)$|C8-key)/;
/** What depends on requests and responses; again with the SDK's own client (`fast: false`). */
const BODIES = /^(?:C2-(?:result|only)|C4-own|C8-key|C11-at-the|C15-(?!batches)|C16-driver-bodies|O-max)/;

const [sqs, kinesis] = await Promise.all([startAws(), startKinesis()]);
afterAll(async () => {
  await kinesis.close();
  await sqs.close();
});
for (const fanOut of [false, true]) {
  const chosen = cases.filter(({ id }) => (fanOut ? FAN_OUT : POLLING).test(id));
  contract(kinesisHarness({ sqs, kinesis }, fanOut), api, chosen);
}
contract(
  kinesisHarness({ sqs, kinesis }, false, { fast: false }),
  api,
  cases.filter(({ id }) => BODIES.test(id)),
);
