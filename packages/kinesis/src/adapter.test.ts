import { MessagingError } from "@switchyard/core/driver-kit";
import { expect, test } from "vitest";
import { adapter, kinesis } from "./index.ts";
import { classify } from "./errors.ts";
import { destination, sdkError } from "./fixtures/fakes.ts";

function problems(options: unknown): readonly string[] {
  const result = adapter.options["~standard"].validate(options);
  if (result instanceof Promise) throw new Error("sync expected");
  return (result.issues ?? []).map(({ path, message }) => `${path?.map(String).join(".")}: ${message}`);
}

test("a stream keeps order and replays; other models have no capabilities", () => {
  expect(adapter.capabilities(destination(), {})).toMatchObject({
    ordering: "key",
    settleResult: "checkpoint",
    headers: 0,
  });
  expect(adapter.capabilities(destination({ ordered: false }), {})).toMatchObject({ ordering: "none" });
  expect(adapter.capabilities(destination({ model: "queue" }), {})).toBeUndefined();
  expect(adapter.capabilities(destination({ native: { maxRecordKiB: 10_240 } }), {})?.maxMessageBytes).toBe(10_485_760);
});

test("a stream is found by the channel's name, by a name given, or by an ARN", () => {
  const arn = "arn:aws:kinesis:eu-west-1:123456789012:stream/legacy";
  expect(adapter.locate(destination(), {})).toEqual({ address: "test_clicks" });
  expect(adapter.locate(destination({ baseAddress: arn }), {})).toEqual({ address: arn });
  expect(adapter.locate(destination({ baseAddress: "arn:aws:sqs:x" }), {}).problem).toContain("is not a stream");
  expect(adapter.locate(destination({ base: "x".repeat(129) }), {}).problem).toContain("128");
  const long = destination({ name: "g".repeat(129) });
  expect(adapter.locate(long, {}).problem).toBeUndefined();
  expect(adapter.locate(long, { fanOut: true }).problem).toContain("128");
});

test("what is native is checked before anything is asked of Kinesis", () => {
  const found = (native: Record<string, unknown>, more = {}) =>
    adapter.nativeProblems!(destination({ native, ...more }), {});
  expect(found({ maxRecordKiB: 2_048, kmsKey: "alias/clicks", fanOut: true, tags: { team: "web" } })).toEqual([]);
  expect(found({ maxRecordKiB: 512 })[0]).toContain("1024 to 10240");
  expect(found({ mode: "provisioned" })[0]).toContain("partitions");
  expect(found({ mode: "on-demand" }, { partitions: 4 })[0]).toContain("partitions");
  expect(found({ kmsKey: "alias/x", encryption: "none" })[0]).toContain("encryption");
  expect(found({ shards: 4 })[0]).toContain("not known to Kinesis");
  expect(found({}, { retentionMs: 3_600_000 })[0]).toContain("24h to 365d");
});

test("options are checked strictly", () => {
  expect(problems({ region: "eu-west-1", fanOut: true, poll: { every: "600ms", idle: "2s" } })).toEqual([]);
  expect(problems({ leases: { store: "dynamodb", duration: "10s" } })).toEqual([]);
  expect(problems({ leases: { store: "redis" } })[0]).toContain('"dynamodb", "postgres", "memory"');
  expect(problems({ leases: { store: "postgres", pool: {} } })[0]).toContain("Pool of pg");
  expect(problems({ leases: { store: "dynamodb", duration: "1ms" } })[0]).toContain("1s to 10m");
  expect(problems({ endpoint: "http://example.com" })[0]).toContain("not encrypted");
  expect(problems({ regoin: "x" })).toHaveLength(1);
  expect(problems({ subscribeClient: { send: () => {} } })[0]).toContain("client");
  expect(kinesis({ region: "eu-west-1" })).toEqual({ use: adapter, region: "eu-west-1" });
});

test.each([
  ["ProvisionedThroughputExceededException", "receive", "throttled"],
  ["LimitExceededException", "receive", "throttled"],
  ["ResourceNotFoundException", "open", "config"],
  ["KMSDisabledException", "receive", "config"],
  ["KMSAccessDeniedException", "receive", "auth"],
  ["AccessDeniedException", "send", "auth"],
  ["ExpiredTokenException", "receive", "auth"],
  ["ExpiredIteratorException", "receive", "retryable"],
  ["InvalidArgumentException", "receive", "config"],
  ["ValidationException", "send", "permanent"],
  ["SomethingNew", "send", "ambiguous"],
  ["SomethingNew", "receive", "retryable"],
] as const)("%s during %s is %s", (name, during, kind) => {
  expect(classify(sdkError(name), during).kind).toBe(kind);
});

test("a stream that vanished is unroutable for publishers", () => {
  expect(classify(sdkError("ResourceNotFoundException"), "send")).toMatchObject({ kind: "config", code: "unroutable" });
});

test("a checkpoint under a former tenure's fencing token is a lost lease for the settling", () => {
  const refused = new MessagingError("lease-lost", "over", { kind: "retryable" });
  expect(classify(refused, "settle")).toEqual({ kind: "lost", code: "lease-lost" });
  expect(classify(refused, "receive").kind).toBe("retryable");
});

test("classify never throws, whatever was thrown", () => {
  const loop: { cause?: unknown } = {};
  loop.cause = loop;
  for (const odd of [undefined, null, 1, "x", {}, loop, Object.create(null)])
    expect(classify(odd, "send").kind).toBe("ambiguous");
});
