import { CloudWatchClient, type GetMetricStatisticsCommandInput } from "@aws-sdk/client-cloudwatch";
import type { DriverEvent } from "@switchyard/core/driver";
import { virtualRuntime } from "@switchyard/core/testing";
import { expect, test } from "vitest";
import { adapter } from "./adapter.ts";
import { type Called, destination, fakeClient, never } from "./fixtures/fakes.ts";
import { oldestAges } from "./oldest-age.ts";
import { sqsOptions } from "./options.ts";

const SIZES = ["", "Delayed", "NotVisible"].map((what) => `ApproximateNumberOfMessages${what}`);

/** A queue with so many messages, and what CloudWatch answers. */
async function opened(answer: (called: Called) => unknown, ready = 3) {
  const runtime = virtualRuntime();
  const events: DriverEvent[] = [];
  const attributes = Object.fromEntries(SIZES.map((name, i) => [name, i === 0 ? String(ready) : "0"]));
  const client = fakeClient(({ action }) =>
    action === "GetQueueUrl"
      ? { QueueUrl: "https://sqs.eu-west-1.amazonaws.com/123456789012/test_orders_billing" }
      : { Attributes: attributes },
  );
  const cloudWatchClient = fakeClient(answer);
  const report = (event: DriverEvent) => void events.push(event);
  const connection = await adapter.open({ client, cloudWatchClient }, runtime, report);
  const depth = async () => (await connection.depth!(destination(), never))[0];
  return { runtime, events, asked: cloudWatchClient.calls, depth };
}

test("the oldest age is CloudWatch's newest number, with the minute that it is of, asked for once a minute", async () => {
  const at = (minute: number) => new Date(Date.UTC(2026, 0, 2, 3, minute));
  const { runtime, asked, depth } = await opened(() => ({
    Datapoints: [
      { Timestamp: at(4), Maximum: 60, Unit: "Seconds" },
      { Timestamp: at(6), Maximum: 185, Unit: "Seconds" },
      { Timestamp: at(5), Maximum: 900, Unit: "Seconds" },
    ],
  }));
  const known = { ready: 3, delayed: 0, held: 0, oldestMs: 185_000, oldestAsOf: at(6) };
  expect(await depth()).toEqual(known);
  expect(await depth()).toEqual(known);
  expect(asked.map(({ action, input }) => [action, input])).toEqual([
    [
      "GetMetricStatistics",
      expect.objectContaining({
        Namespace: "AWS/SQS",
        MetricName: "ApproximateAgeOfOldestMessage",
        Dimensions: [{ Name: "QueueName", Value: "test_orders_billing" }],
      }),
    ],
  ]);
  await runtime.advance("1m");
  await depth();
  expect(asked).toHaveLength(2);
});

test("an empty queue has no oldest message, and CloudWatch is not asked", async () => {
  const { asked, depth } = await opened(() => ({ Datapoints: [{ Timestamp: new Date(), Maximum: 60 }] }), 0);
  expect(await depth()).toEqual({ ready: 0, delayed: 0, held: 0 });
  expect(asked).toEqual([]);
});

test("no number of the last minutes, or a refusal, which is told once: the age is left out", async () => {
  const silent = await opened(() => ({ Datapoints: [] }));
  expect(await silent.depth()).toEqual({ ready: 3, delayed: 0, held: 0 });
  expect(silent.events).toEqual([]);
  const refused = await opened(() => {
    throw Object.assign(new Error("not authorized"), { name: "AccessDenied" });
  });
  for (let i = 0; i < 2; i++) expect(await refused.depth()).toEqual({ ready: 3, delayed: 0, held: 0 });
  expect(refused.events).toEqual([expect.objectContaining({ type: "warning", id: "test_orders_billing" })]);
  expect(refused.events[0]!.cause).toMatchObject({ code: "oldest-age-unknown" });
});

test("AWS's own client fits, and takes what is asked", async () => {
  const cloudWatchClient = new CloudWatchClient({
    region: "eu-west-1",
    credentials: { accessKeyId: "a", secretAccessKey: "b" },
  });
  const asked: Partial<GetMetricStatisticsCommandInput>[] = [];
  // In place of the network: what the client would sign and send has been made by then.
  cloudWatchClient.middlewareStack.add(
    () => async (args) => {
      asked.push(args.input as Partial<GetMetricStatisticsCommandInput>);
      return { output: { $metadata: {}, Datapoints: [{ Timestamp: new Date(0), Maximum: 7 }] }, response: {} };
    },
    { step: "build", priority: "low" },
  );
  const ages = oldestAges(
    { cloudWatchClient },
    async () => undefined,
    virtualRuntime(),
    () => {},
  );
  expect(await ages.of("jobs", never)).toEqual({ oldestMs: 7_000, oldestAsOf: new Date(0) });
  expect(asked).toMatchObject([{ Period: 60, Statistics: ["Maximum"] }]);
  cloudWatchClient.destroy();
});

test("a client given in code comes with one for CloudWatch, or without the option", () => {
  const client = fakeClient(() => ({}));
  expect(sqsOptions.safeParse({ client, cloudWatch: true }).error?.issues).toMatchObject([{ path: ["cloudWatch"] }]);
  expect(sqsOptions.safeParse({ client, cloudWatch: true, cloudWatchClient: client }).success).toBe(true);
});
