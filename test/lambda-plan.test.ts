/** `plan()` of groups on Lambda: each topology compares the event source mapping of its source with the configuration. */
import { adapter as aws } from "@switchyard/aws";
import { examine } from "@switchyard/cli";
import { apply, channel, explain, plan } from "@switchyard/core";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { z } from "zod";
import { startAws } from "./support/aws-emulator.ts";
import { startDynamoDb } from "./support/dynamodb-emulator.ts";
import { startKinesis } from "./support/kinesis-emulator.ts";

/** What Lambda says. No emulator has event source mappings, and its client is installed by those who plan. */
const said = vi.hoisted(() => ({ timeout: 60, mappings: [] as object[], asked: [] as string[] }));
vi.mock("@aws-sdk/client-lambda", () => {
  class Command {
    readonly input: unknown;
    constructor(input: unknown) {
      this.input = input;
    }
  }
  class GetFunctionConfigurationCommand extends Command {}
  class ListEventSourceMappingsCommand extends Command {}
  class LambdaClient {
    async send(command: object) {
      said.asked.push(command.constructor.name);
      return command instanceof GetFunctionConfigurationCommand
        ? { Timeout: said.timeout }
        : { EventSourceMappings: said.mappings };
    }
    destroy() {}
  }
  return { LambdaClient, GetFunctionConfigurationCommand, ListEventSourceMappingsCommand };
});

type Place = [
  Awaited<ReturnType<typeof startAws>>,
  Awaited<ReturnType<typeof startKinesis>>,
  Awaited<ReturnType<typeof startDynamoDb>>,
];
let place: Place;
beforeAll(async () => {
  place = await Promise.all([startAws(), startKinesis(), startDynamoDb()]);
});
afterAll(async () => {
  for (const one of place) await one.close();
});

const messages = { placed: z.object({ id: z.string() }) };
const ACCOUNT = "000000000000";
const LAMBDA = { function: "billing", timeout: "60s", answer: "report", batchSize: 10 };

let prefixes = 0;
function shop(model: "queue" | "pubsub" | "stream") {
  const [sqs, kinesis, dynamodb] = place;
  const prefix = `plan${model}${++prefixes}`;
  const orders = channel("orders", { messages, ...(model === "stream" ? { orderingKey: "id" as const } : {}) });
  const config = (lambda: object, hold = "6m"): any => ({
    prefix,
    connections: {
      aws: {
        use: aws,
        ...sqs.connection,
        kinesis: {
          ...kinesis.connection,
          leases: { store: "dynamodb", endpoint: dynamodb.endpoint, region: sqs.region },
        },
      },
    },
    channels: {
      orders: {
        model,
        on: "aws",
        ...(model === "stream" ? { partitions: 1 } : {}),
        groups: { billing: { ...(model === "stream" ? {} : { hold }), runsOn: "lambda", native: { lambda } } },
      },
    },
    policies: { default: { deadLetter: model === "stream" ? "skip" : true } },
  });
  const planned = async (lambda: object = LAMBDA, hold?: string) => {
    const { changes } = (await plan({ channels: [orders], config: config(lambda, hold) } as never)) as any;
    return Object.values<any>(changes)
      .flat()
      .filter(({ resource }: any) => resource === "event source mapping")
      .map(({ action, summary }: any) => `${action}: ${summary}`) as string[];
  };
  const arn =
    model === "stream"
      ? `arn:aws:kinesis:${sqs.region}:${ACCOUNT}:stream/${prefix}_orders`
      : `arn:aws:sqs:${sqs.region}:${ACCOUNT}:${prefix}_orders_billing`;
  // The groups are made without a function, so that nothing of Lambda is asked.
  const make = () => plan({ channels: [orders], config: config({}) } as never).then(apply);
  return { planned, make, arn, config, orders };
}

const mapped = (EventSourceArn: string, more: object = {}) => ({
  EventSourceArn,
  State: "Enabled",
  FunctionResponseTypes: ["ReportBatchItemFailures"],
  BatchSize: 10,
  MaximumBatchingWindowInSeconds: 0,
  ...more,
});

test.each(["queue", "pubsub"] as const)(
  "a %s: the flag, the visibility, the concurrency and filters",
  async (model) => {
    const { planned, make, arn } = shop(model);
    await make();
    Object.assign(said, { timeout: 60, mappings: [mapped(arn)], asked: [] });
    expect(await planned()).toEqual([]);
    expect(said.asked).toEqual(["GetFunctionConfigurationCommand", "ListEventSourceMappingsCommand"]);

    said.mappings = [];
    expect(await planned()).toEqual([expect.stringMatching(/^drift: is missing/)]);
    said.mappings = [mapped(arn, { FunctionResponseTypes: [] })];
    expect(await planned()).toEqual([expect.stringMatching(/^destructive: .* so failed messages are deleted/)]);
    said.mappings = [mapped(arn, { FilterCriteria: { Filters: [{}] } })];
    expect(await planned()).toEqual([expect.stringMatching(/^destructive: FilterCriteria delete/)]);
    said.mappings = [mapped(arn, { ScalingConfig: { MaximumConcurrency: 5 } })];
    expect(await planned({ ...LAMBDA, maximumConcurrency: 20 })).toEqual([
      "drift: MaximumConcurrency is 5, native.lambda.maximumConcurrency says 20",
    ]);
    Object.assign(said, { timeout: 61, mappings: [mapped(arn)] });
    expect(await planned()).toEqual([
      expect.stringMatching(/^drift: the function's timeout is 61s, native.lambda.timeout is 1m/),
      expect.stringMatching(/^drift: the group's hold is .* set hold: 366s/),
    ]);
  },
);

test("a stream: several invocations of a shard at once, a tumbling window, and records that are given up", async () => {
  const { planned, make, arn } = shop("stream");
  await make();
  const { batchSize: _, ...lambda } = LAMBDA;
  Object.assign(said, { timeout: 60, mappings: [mapped(arn)], asked: [] });
  expect(await planned(lambda)).toEqual([]);
  said.mappings = [mapped(arn, { ParallelizationFactor: 2, TumblingWindowInSeconds: 30, MaximumRetryAttempts: 3 })];
  expect(await planned(lambda)).toEqual([
    "drift: ParallelizationFactor is 2, native.lambda.parallelization says 1",
    expect.stringMatching(/^drift: has a tumbling window/),
    expect.stringMatching(/^destructive: MaximumRetryAttempts is 3/),
  ]);
});

test("what the configuration itself says wrong is refused before any call", async () => {
  said.asked = [];
  const refused = (model: "queue" | "stream", lambda: object, hold?: string) =>
    shop(model)
      .planned(lambda, hold)
      .then(String, (error: unknown) => String(error));
  expect(await refused("queue", { ...LAMBDA, window: "10s" })).toMatch(/set hold: 370s/);
  expect(await refused("queue", LAMBDA, "359s")).toMatch(/at least 6 times the function's timeout of 1m; set hold: 6m/);
  expect(await refused("stream", { parallelization: 2 })).toMatch(
    /parallelization: 1 for a channel with an ordering key/,
  );
  expect(said.asked).toEqual([]);
});

test("the doctor says what a mapping lacks, as what the tool that deploys the function must change", async () => {
  const { make, arn, config, orders } = shop("queue");
  await make();
  const options: any = { channels: [orders], config: config(LAMBDA) };
  const found = async (mappings: readonly object[]) => {
    Object.assign(said, { timeout: 60, mappings, asked: [] });
    const connected = () => Promise.reject(new Error("not looked at here"));
    const all = await examine({ options, explain: () => explain(options), connected });
    return all.filter(({ check }) => check === "lambda");
  };
  expect(await found([mapped(arn)])).toMatchObject([
    { status: "ok", text: expect.stringContaining("is compared with") },
  ]);
  expect(await found([])).toMatchObject([
    { status: "ok" },
    { status: "failure", text: expect.stringMatching(/is missing: [^]*the tool that deploys the function$/) },
  ]);
  expect(await found([mapped(arn, { FunctionResponseTypes: [] })])).toMatchObject([
    { status: "ok" },
    { status: "failure", text: expect.stringContaining("ReportBatchItemFailures") },
  ]);
});
