/** A function of SQS whose configuration and schema are code. Prints the packages that are loaded after an event without failures, and after one with. */
import { registerHooks } from "node:module";

const loaded = new Set<string>();
registerHooks({
  load(url, context, next) {
    const name = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
    if (name !== undefined) loaded.add(name);
    return next(url, context);
  },
});

const { channel, consumer } = await import("@switchyard/core");
const { lambda } = await import("@switchyard/lambda");
const { adapter } = await import("@switchyard/aws");

interface Job {
  readonly n: number;
}
const validate = (value: unknown) => ({ value: value as Job });
const types: { readonly input: Job; readonly output: Job } | undefined = undefined;
const numbered = { "~standard": { version: 1, vendor: "test", validate, types } } as const;
const jobs = channel("jobs", { messages: { job: numbered }, foreign: () => "job" });
const native = { lambda: { answer: "report" } };
const handler = lambda({
  channels: [jobs],
  service: "test",
  consumers: [
    consumer(jobs, "work", {
      job: ({ n }) => {
        if (n < 0) throw new Error("no");
      },
    }),
  ],
  adapters: [adapter],
  config: {
    prefix: "test",
    // Nothing listens there.
    connections: { aws: { use: "aws", region: "us-east-1", endpoint: "http://127.0.0.1:1" } },
    channels: { jobs: { model: "queue", on: "aws", groups: { work: { runsOn: "lambda", native } } } },
  },
  observe: () => {},
});

/** The answer to an event with these messages, and the packages that are loaded by then. */
async function answer(...numbers: readonly number[]): Promise<object> {
  const Records = numbers.map((n) => ({
    messageId: `m${n}`,
    receiptHandle: `r${n}`,
    body: JSON.stringify({ n }),
    attributes: { ApproximateReceiveCount: "1", SentTimestamp: "1" },
    messageAttributes: {},
    eventSource: "aws:sqs",
    eventSourceARN: "arn:aws:sqs:us-east-1:123456789012:test_jobs_work",
  }));
  const { batchItemFailures } = await handler({ Records }, { getRemainingTimeInMillis: () => 4_000 });
  return { failed: batchItemFailures.map(({ itemIdentifier }) => itemIdentifier), loaded: [...loaded] };
}

process.stdout.write(JSON.stringify([await answer(1, 2), await answer(3, -1)]));
process.exit();
