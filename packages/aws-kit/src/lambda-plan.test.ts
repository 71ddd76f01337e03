import type { Destination } from "@switchyard/core/driver";
import { expect, test } from "vitest";
import { lambdaProblems } from "./lambda.ts";
import { mappingRights } from "./rights/index.ts";
import { lambdaCalls, mappingChanges } from "./lambda-plan.ts";

const ARN = "arn:aws:sqs:eu-west-1:123456789012:shop_orders_billing";
const never = new AbortController().signal;

function group(lambda: object, more: Partial<Destination> = {}): Destination {
  return {
    channel: "orders",
    base: "shop_orders",
    name: "shop_orders_billing",
    model: "queue",
    ordered: false,
    group: "billing",
    holdMs: 360_000,
    runsOn: "lambda",
    native: { lambda },
    ...more,
  };
}

const GOOD = { function: "billing", timeout: "60s", answer: "report", batchSize: 10, maximumConcurrency: 20 };
const MAPPED = {
  EventSourceArn: ARN,
  FunctionResponseTypes: ["ReportBatchItemFailures"],
  BatchSize: 10,
  MaximumBatchingWindowInSeconds: 0,
  ScalingConfig: { MaximumConcurrency: 20 },
};

async function changes(of: Destination, mapping: object | undefined, Timeout = 60, arn = ARN) {
  const EventSourceMappings = mapping === undefined ? [] : [mapping];
  const call = async (action: string) =>
    action === "GetFunctionConfiguration" ? { Timeout } : { EventSourceMappings };
  return mappingChanges(of, arn, call, never);
}
const told = async (...given: Parameters<typeof changes>) =>
  (await changes(...given)).map(({ action, summary }) => `${action}: ${summary}`);

test("a mapping as the configuration says has no differences", async () => {
  expect(await changes(group(GOOD), MAPPED)).toEqual([]);
});

test("a missing mapping is written out for CloudFormation", async () => {
  expect(await changes(group(GOOD), undefined)).toMatchObject([
    {
      action: "drift",
      resource: "event source mapping",
      detail: {
        Type: "AWS::Lambda::EventSourceMapping",
        Properties: {
          FunctionName: "billing",
          EventSourceArn: ARN,
          FunctionResponseTypes: ["ReportBatchItemFailures"],
          BatchSize: 10,
          ScalingConfig: { MaximumConcurrency: 20 },
        },
      },
    },
  ]);
});

test("what makes the mapping delete messages is destructive", async () => {
  const { FunctionResponseTypes: _, ...unread } = MAPPED;
  expect(await told(group(GOOD), unread)).toEqual([
    expect.stringMatching(/^destructive: .*failed messages are deleted/),
  ]);
  const filters = { FilterCriteria: { Filters: [{ Pattern: "{}" }] } };
  expect(await told(group(GOOD), { ...MAPPED, ...filters })).toEqual([
    expect.stringMatching(/^destructive: FilterCriteria delete/),
  ]);
});

test("other differences are told, with both values", async () => {
  const mapping = { ...MAPPED, BatchSize: 5, ScalingConfig: {}, State: "Disabled", MaximumBatchingWindowInSeconds: 3 };
  expect(await told(group(GOOD), mapping, 90)).toEqual([
    "drift: the function's timeout is 90s, native.lambda.timeout is 1m",
    expect.stringMatching(/^drift: the group's hold is 6m, less than 6 times.*set hold: 9m/),
    "drift: is disabled: nothing is handled",
    "drift: BatchSize is 5, native.lambda.batchSize says 10",
    "drift: MaximumBatchingWindowInSeconds is 3, native.lambda.window says 0",
    "drift: MaximumConcurrency is not set, native.lambda.maximumConcurrency says 20",
  ]);
  expect(await told(group({ ...GOOD, answer: "throw" }), MAPPED)).toEqual([
    expect.stringMatching(/^drift: the mapping reads the answer/),
  ]);
});

test("a stream: limits that give up before the policy does, and tumbling windows", async () => {
  const arn = "arn:aws:kinesis:eu-west-1:123456789012:stream/shop_views";
  const of = group({ function: "billing", answer: "report" }, { model: "stream" });
  const mapping = {
    EventSourceArn: `${arn}/consumer/shop_views_billing:1`,
    FunctionResponseTypes: ["ReportBatchItemFailures"],
    MaximumRetryAttempts: 3,
    MaximumRecordAgeInSeconds: -1,
    TumblingWindowInSeconds: 30,
    ParallelizationFactor: 2,
  };
  expect(await told(of, mapping, 60, arn)).toEqual([
    "drift: ParallelizationFactor is 2, native.lambda.parallelization says 1",
    expect.stringMatching(/^drift: has a tumbling window/),
    expect.stringMatching(/^destructive: MaximumRetryAttempts is 3/),
  ]);
});

test("a group that names no function is not looked at", async () => {
  const call = () => Promise.reject(new Error("called"));
  expect(await mappingChanges(group({ timeout: "60s" }), ARN, call, never)).toEqual([]);
});

test("mappings are looked for on every page", async () => {
  const call = async (action: string, input: { Marker?: string }) => {
    if (action === "GetFunctionConfiguration") return { Timeout: 60 };
    return input.Marker === undefined
      ? { EventSourceMappings: [], NextMarker: "2" }
      : { EventSourceMappings: [MAPPED] };
  };
  expect(await mappingChanges(group(GOOD), ARN, call as never, never)).toEqual([]);
});

test("the client is made at the first call, and closed", async () => {
  const log: string[] = [];
  class LambdaClient {
    send = async (command: { input: object }) => {
      log.push(JSON.stringify(command.input));
      return {};
    };
    destroy = () => void log.push("closed");
  }
  class GetFunctionConfigurationCommand {
    readonly input: object;
    constructor(input: object) {
      this.input = input;
    }
  }
  const { call, close } = lambdaCalls(
    { region: "eu-west-1" },
    "test",
    async () => ({ LambdaClient, GetFunctionConfigurationCommand }) as never,
  );
  close();
  await call("GetFunctionConfiguration", { FunctionName: "f" }, never);
  close();
  await Promise.resolve().then(() => {});
  expect(log).toEqual(['{"FunctionName":"f"}', "closed"]);
});

test.each([
  [
    "a hold below six times the timeout",
    group({ timeout: "61s" }),
    /hold .* at least 6 times the function's timeout of 61s; set hold: 366s/,
  ],
  [
    "a window that hold does not cover",
    group({ timeout: "60s", window: "10s" }),
    /and the window of 10s; set hold: 370s/,
  ],
  ["settings of a group that runs elsewhere", { ...group({}), runsOn: "x" }, /set runsOn: lambda/],
  ["an unknown setting", group({ memory: 1 }), /memory: not known/],
  ["a large batch without a window", group({ batchSize: 100 }), /window: at least 1s/],
  [
    "a large batch of a FIFO queue",
    group({ batchSize: 11 }, { ordered: true }),
    /batchSize: a whole number from 1 to 10/,
  ],
  [
    "several invocations of a shard with order",
    group({ parallelization: 2 }, { model: "stream", ordered: true }),
    /parallelization: 1/,
  ],
  [
    "a concurrency of a stream",
    group({ maximumConcurrency: 5 }, { model: "stream" }),
    /maximumConcurrency: for queues only/,
  ],
])("%s is refused", (_, of, text) => {
  const [problem] = lambdaProblems(of as Destination);
  expect(problem).toMatch(text);
});

test("the comparison needs two rights, and none if no function is named", () => {
  const place = { partition: "aws", region: "eu-west-1", account: "123456789012" };
  expect(mappingRights(group(GOOD), place)).toMatchObject([
    {
      action: "lambda:GetFunctionConfiguration",
      resource: "arn:aws:lambda:eu-west-1:123456789012:function:billing",
    },
    { action: "lambda:ListEventSourceMappings", resource: "*" },
  ]);
  expect(mappingRights(group({ timeout: "60s" }), place)).toEqual([]);
});
