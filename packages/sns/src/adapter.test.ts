import type { Phase } from "@switchyard/core/driver";
import { virtualRuntime } from "@switchyard/core/testing";
import { describe, expect, test, vi } from "vitest";
import { adapter, sns } from "./index.ts";
import { classify } from "./errors.ts";
import { findArn } from "./resource.ts";
import { destination, fakeCall, group, never, sdkError } from "./fixtures/fakes.ts";

const problems = (native: object, more = {}) =>
  adapter.nativeProblems!(destination({ native: native as never, ...more }), {});

test("serves pub/sub and its dead letters, and leaves queues and streams to others", () => {
  expect(adapter.capabilities(destination(), {})).toMatchObject({
    filter: "broker",
    delayedPublishMs: 0,
    ordering: "none",
    headers: 10,
  });
  expect(adapter.capabilities(group("billing", { ordered: true }), {})).toMatchObject({
    ordering: "key",
    publishDedupMs: 300_000,
    fairness: false,
  });
  expect(adapter.capabilities(destination({ model: "queue", dead: true }), {})).toBeDefined();
  expect(adapter.capabilities(destination({ model: "queue", group: "g" }), {})).toBeUndefined();
  expect(adapter.capabilities(destination({ model: "stream" }), {})).toBeUndefined();
});

test("a topic's limit is declared", () => {
  expect(adapter.capabilities(destination({ native: { maxMessageBytes: 262_144 } }), {})!.maxMessageBytes).toBe(
    262_144,
  );
  expect(adapter.capabilities(destination(), {})!.maxMessageBytes).toBe(1_048_576);
});

describe("names", () => {
  test("of topics and of groups' queues", () => {
    expect(adapter.locate(destination(), {})).toEqual({ address: "test_orders" });
    expect(adapter.locate(destination({ ordered: true }), {})).toEqual({ address: "test_orders.fifo" });
    expect(adapter.locate(group("billing", { ordered: true }), {})).toEqual({ address: "test_orders_billing.fifo" });
  });

  test("that cannot be are told with what is allowed", () => {
    expect(adapter.locate(destination({ address: "arn:aws:sqs:eu-west-1:123456789012:q" }), {}).problem).toContain(
      "is not a topic",
    );
    expect(adapter.locate(destination({ address: "x", ordered: true }), {}).problem).toContain("FIFO topic");
    expect(adapter.locate(group("b", { baseAddress: "x.fifo" }), {}).problem).toContain("orderingKey");
    expect(adapter.locate(destination({ base: "x".repeat(257) }), {}).problem).toContain("256");
  });
});

describe("native", () => {
  test("settings of a topic", () => {
    const access = { publish: ["123456789012"], subscribe: ["arn:aws:iam::123456789012:role/x"] };
    expect(problems({ maxMessageBytes: 262_144, kmsKey: "alias/topics", tags: { team: "a" }, access })).toEqual([]);
    expect(problems({ throughput: "standard" }, { ordered: true })).toEqual([]);
  });

  test.each([
    [{ maxMessageBytes: 1 }, "1024 to 1048576"],
    [{ throughput: "high" }, "no orderingKey"],
    [{ access: { send: [] } }, "publish"],
    [{ retention: "1d" }, "not known to a topic"],
  ])("%j is refused with what is allowed", (native, words) => {
    expect(problems(native).join()).toContain(words);
  });

  test("a group's queue cannot be under a key that AWS manages: the reason is told", () => {
    for (const kmsKey of ["alias/aws/sqs", "arn:aws:kms:eu-west-1:123456789012:alias/aws/sqs"])
      expect(adapter.nativeProblems!(group("billing", { native: { kmsKey } }), {}).join()).toMatch(
        /cannot be edited.*kms:GenerateDataKey/,
      );
    expect(adapter.nativeProblems!(group("billing", { native: { kmsKey: "alias/own", unwrap: false } }), {})).toEqual(
      [],
    );
    expect(adapter.nativeProblems!(group("billing", { native: { unwrap: "no" } }), {})).toHaveLength(1);
  });

  test("delays by hops are for a channel with the model queue", () => {
    const [problem] = adapter.nativeProblems!(group("billing", { native: { hops: { longest: "7d" } } }), {});
    expect(problem).toContain("native.hops: not for a group of SNS");
  });

  test("a filter has at most 150 values", () => {
    const types = Array.from({ length: 150 }, (_, n) => `t.${n}`);
    expect(adapter.nativeProblems!(group("billing", { types }), {}).join()).toContain("150 values");
    expect(adapter.nativeProblems!(group("billing", { types: types.slice(1) }), {})).toEqual([]);
  });

  test("a filter on a channel that takes foreign messages is refused: SNS holds back what has no attributes", () => {
    const of = group("billing", { types: ["order.placed"], foreign: true });
    expect(adapter.nativeProblems!(of, {}).join()).toContain("SNS does not deliver messages without attributes");
  });
});

test("options: an endpoint of its own, never in clear to another machine", async () => {
  const check = async (options: unknown) => (await adapter.options["~standard"].validate(options)).issues ?? [];
  expect(await check({ region: "eu-west-1", snsEndpoint: "http://127.0.0.1:4566" })).toEqual([]);
  expect(await check({ snsEndpoint: "http://sns.example" })).toHaveLength(1);
  expect(await check({ topic: "x" })).toHaveLength(1);
  expect(sns({ region: "eu-west-1" })).toEqual({ use: adapter, region: "eu-west-1" });
});

describe("the topic's ARN", () => {
  const client = (account: string | undefined, pages: unknown[] = [], region = "eu-west-1") => {
    const { call, calls } = fakeCall(() => {
      const page = pages.shift();
      if (page instanceof Error) throw page;
      return page;
    });
    return {
      calls,
      sns: {
        call,
        client: { send: async () => ({}) },
        region: async () => region,
        account: async () => account,
        close: () => {},
      },
    };
  };

  test("is made of region and account where both are known, in every partition", async () => {
    expect(await findArn(destination(), client("123456789012").sns, never)).toBe(
      "arn:aws:sns:eu-west-1:123456789012:test_orders",
    );
    expect(await findArn(destination(), client("123456789012", [], "cn-north-1").sns, never)).toMatch(/^arn:aws-cn:/);
  });

  test("is looked for in all pages where the account is not known", async () => {
    const arn = "arn:aws:sns:eu-west-1:123456789012:test_orders";
    const { sns: found, calls } = client(undefined, [
      { Topics: [{ TopicArn: `${arn}x` }], NextToken: "2" },
      { Topics: [{ TopicArn: arn }] },
    ]);
    expect(await findArn(destination(), found, never)).toBe(arn);
    expect(calls).toHaveLength(2);
  });

  test("that may not be looked for: what to set is told", async () => {
    const { sns: denied } = client(undefined, [sdkError("AuthorizationErrorException")]);
    await expect(findArn(destination(), denied, never)).rejects.toMatchObject({
      code: "account-unknown",
      kind: "config",
    });
  });

  test("of another region is refused", async () => {
    const of = destination({ address: "arn:aws:sns:us-east-1:123456789012:orders" });
    await expect(findArn(of, client("123456789012").sns, never)).rejects.toMatchObject({ code: "wrong-region" });
  });
});

describe("faults", () => {
  const rows: [string, Phase, string, string][] = [
    ["NotFoundException", "send", "config", "topic-not-found"],
    ["AuthorizationErrorException", "send", "auth", "access-denied"],
    ["AuthorizationError", "send", "auth", "access-denied"],
    ["ThrottledException", "send", "throttled", "throttled"],
    ["KMSAccessDeniedException", "send", "auth", "kms-access-denied"],
    ["InternalErrorException", "send", "ambiguous", "service-failed"],
    ["InternalErrorException", "topology", "retryable", "service-failed"],
    ["InvalidParameterException", "send", "permanent", "invalid-message"],
    ["InvalidParameterException", "topology", "config", "invalid-attribute"],
    ["SubscriptionLimitExceededException", "topology", "config", "too-many-subscriptions"],
    ["BatchRequestTooLongException", "send", "permanent", "too-large"],
    ["QueueDoesNotExist", "receive", "config", "queue-not-found"],
    ["TimeoutError", "send", "ambiguous", "timeout"],
    ["Whatever", "send", "ambiguous", "unknown"],
    ["Whatever", "receive", "retryable", "unknown"],
  ];
  test.each(rows)("%s during %s is %s, %s", (name, during, kind, code) => {
    expect(classify(sdkError(name), during)).toMatchObject({ kind, code });
  });

  test("what SQS says of a group's message is said of its hold", () => {
    const said = (message: string) => Object.assign(sdkError("InvalidParameterValue"), { message });
    const expired = said("Value AQEB for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.");
    expect(classify(expired, "settle")).toMatchObject({ kind: "lost", code: "receipt-invalid" });
    const long = said("Total VisibilityTimeout for the message is beyond the limit [43200 seconds].");
    expect(classify(long, "extend")).toMatchObject({ kind: "permanent", code: "hold-limit" });
  });

  test("an entry SNS reports as failed was not accepted; one too long never will be", () => {
    expect(classify(sdkError("InternalError", { senderFault: false }), "send")).toMatchObject({ kind: "retryable" });
    const long = Object.assign(new Error("Message too long"), { name: "InvalidParameter", senderFault: true });
    expect(classify(long, "send")).toMatchObject({ kind: "permanent", code: "too-large" });
  });
});

test("a topic's server is that of SNS, and a group's that of SQS", async () => {
  const client = (host: string): never =>
    ({ config: { endpoint: async () => ({ protocol: "https:", hostname: host }) }, send: () => {} }) as never;
  const options = { client: client("sqs.example"), snsClient: client("sns.example") };
  const connection = await adapter.open(options, virtualRuntime(), () => {});
  const servers = () =>
    [destination(), group("billing"), group("billing", { dead: true })].map((of) => connection.server!(of)?.address);
  servers();
  await vi.waitFor(() => expect(servers()).toEqual(["sns.example", "sqs.example", "sqs.example"]));
  await connection.close();
});
