/** The second half of the demo: an access log through a stream, on memory and on Kinesis, against one process's reference. */
import { app } from "../examples/clickstream/src/app.ts";
import { holds, reportLines } from "../examples/clickstream/src/report.ts";
import { startAws } from "../test/support/aws-emulator.ts";
import { startDynamoDb } from "../test/support/dynamodb-emulator.ts";
import { startKinesis } from "../test/support/kinesis-emulator.ts";

/** Lines of the access log: what memory takes in seconds, and an emulator that stores a thousand records a second in half a minute. */
const LINES = { memory: 100_000, kinesis: 3_000 } as const;

/** What went wrong; empty: nothing. */
export async function clickstream(): Promise<readonly string[]> {
  const failures: string[] = [];
  for (const profile of ["memory", "kinesis"] as const) {
    console.log(`Clickstream, profile ${profile}: ${LINES[profile]} lines of an access log through a stream`);
    try {
      const report = await (profile === "kinesis" ? onKinesis() : run(profile));
      console.log(`${reportLines(report).join("\n")}\n`);
      if (!holds(report)) failures.push(`clickstream, ${profile}: totals are wrong`);
    } catch (error) {
      console.error(`clickstream, ${profile}: FAILED\n`, error, "\n");
      failures.push(`clickstream, ${profile}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return failures;
}

const run = (profile: keyof typeof LINES) =>
  app({ profile, lines: LINES[profile], say: (text) => console.log(`  ${text}`) });

/** Emulators of the three services a stream on AWS needs, for as long as it runs. */
async function onKinesis() {
  const [sqs, kinesis, dynamodb] = await Promise.all([startAws(), startKinesis(), startDynamoDb()]);
  const { AWS_ENDPOINT_URL: queues = "", ...rest } = sqs.env;
  const given = { ...rest, ...kinesis.env, ...dynamodb.env, AWS_ENDPOINT_URL_SQS: queues, POLL: "20ms" };
  const before = Object.fromEntries(Object.keys(given).map((name) => [name, process.env[name]]));
  Object.assign(process.env, given);
  try {
    return await run("kinesis");
  } finally {
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    await Promise.all([sqs.close(), kinesis.close(), dynamodb.close()]);
  }
}
