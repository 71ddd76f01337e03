import { describe, expect, test } from "vitest";
import { adapter } from "./adapter.ts";
import { destination } from "./fixtures/fakes.ts";

const problems = (native: Record<string, unknown>, ordered = false): readonly string[] =>
  adapter.nativeProblems!(destination({ native, ordered }), {});
const ACCOUNT = "123456789012";

describe("native settings", () => {
  test("that SQS knows are taken", () => {
    const native = {
      retention: "14d",
      maxMessageBytes: 262_144,
      delay: "15m",
      visibility: "30s",
      kmsKey: "alias/queues",
      kmsDataKeyReuse: "1h",
      throughput: "standard",
      tags: { team: "billing" },
      access: {
        send: [ACCOUNT, `arn:aws:iam::${ACCOUNT}:role/x`, `arn:aws:sns:eu-west-1:${ACCOUNT}:t.fifo`],
        receive: [ACCOUNT],
      },
    };
    expect(problems(native, true)).toEqual([]);
    expect(problems({ access: { send: ["arn:aws:s3:::uploads", { bucket: "other", account: ACCOUNT }] } })).toEqual([]);
  });

  test.each([
    [{ retentoin: "1d" }, "native.retentoin: not known to SQS; known: retention,"],
    [{ retention: "59s" }, "native.retention: a duration from 60s to 14d"],
    [{ retention: "15d" }, "native.retention: a duration from 60s to 14d"],
    [{ retention: "90500ms" }, "whole seconds"],
    [{ maxMessageBytes: 1023 }, "native.maxMessageBytes: a whole number of bytes from 1024 to 1048576"],
    [{ delay: "16m" }, "native.delay: a duration from 0s to 15m"],
    [{ visibility: "13h" }, "native.visibility: a duration from 0s to 12h"],
    [{ kmsKey: "my key" }, "native.kmsKey: the id, the ARN or the alias"],
    [{ kmsDataKeyReuse: "5m" }, "native.kmsDataKeyReuse: allowed only with kmsKey"],
    [{ throughput: "high" }, "native.throughput: for FIFO queues only"],
    [{ tags: { "aws:x": "1" } }, "native.tags: at most 50 tags"],
    [{ tags: { a: 1 } }, "native.tags: at most 50 tags"],
    [{ access: [] }, "native.access: { send"],
    [{ access: { sned: [] } }, "native.access: { send"],
    [{ access: { send: ["12"] } }, "native.access: access.send takes accounts"],
    [{ access: { send: [null] } }, "native.access: access.send takes accounts"],
    [{ access: { receive: ["arn:aws:s3:::uploads"] } }, "native.access: access.receive takes accounts"],
    [{ access: { send: Array(51).fill(ACCOUNT) } }, "at most 50 entries"],
  ])("%j are refused in words", (native, text) => {
    const found = problems(native);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(text);
  });

  test("a FIFO queue takes no events of S3, and of SNS only from FIFO topics", () => {
    expect(problems({ access: { send: ["arn:aws:s3:::uploads"] } }, true)[0]).toContain(
      "S3 sends no events to FIFO queues",
    );
    expect(problems({ access: { send: [`arn:aws:sns:eu-west-1:${ACCOUNT}:topic`] } }, true)[0]).toContain(
      "FIFO topics only",
    );
  });

  test("a hold longer than SQS's own is refused before anything is opened", () => {
    expect(adapter.nativeProblems!(destination({ holdMs: 13 * 3_600_000 }), {})).toEqual([
      "hold: SQS holds a message for at most 12h, not 13h",
    ]);
    expect(adapter.nativeProblems!(destination({ holdMs: 12 * 3_600_000 }), {})).toEqual([]);
  });

  test("a portable retention SQS cannot keep is refused too", () => {
    expect(adapter.nativeProblems!(destination({ retentionMs: 30_000 }), {})).toEqual([
      "retention: SQS takes a duration from 60s to 14d, in whole seconds",
    ]);
  });
});

describe("declared capabilities", () => {
  const of = (more: object) => adapter.capabilities(destination(more), {});

  test("differ between standard and FIFO queues as the queues do", () => {
    expect(of({})).toMatchObject({
      ordering: "none",
      delayedPublishMs: 900_000,
      publishDedupMs: 0,
      fairness: true,
      attempts: "approximate",
      releaseWithoutPenalty: false,
    });
    expect(of({ ordered: true })).toMatchObject({
      ordering: "key",
      delayedPublishMs: 0,
      publishDedupMs: 300_000,
      fairness: false,
    });
  });

  test("follow the settings the queue is to have", () => {
    expect(of({ native: { maxMessageBytes: 2_048, retention: "1h" } })).toMatchObject({
      maxMessageBytes: 2_048,
      retentionMs: 3_600_000,
    });
    expect(of({ retentionMs: 60_000 })).toMatchObject({ retentionMs: 60_000 });
    expect(of({ dead: true })).toMatchObject({ retentionMs: 14 * 86_400_000 });
  });

  test("on Lambda a delay counts from the receive, which was up to a hold ago, and there are no hops", () => {
    const lambda = of({ runsOn: "lambda", holdMs: 360_000 });
    const most = 12 * 3_600_000 - 60_000 - 360_000;
    expect(lambda).toMatchObject({ retryDelayMs: most, releaseDelayMs: most, holdExtend: false, delivery: "pushed" });
    const hops = { hops: { longest: "1d" } };
    expect(adapter.nativeProblems!(destination({ native: hops, runsOn: "lambda" }), {})).toEqual([
      expect.stringContaining("native.hops: not for a group that runs on lambda"),
    ]);
    expect(problems(hops)).toEqual([]);
  });

  test("there are none for other models", () => {
    expect(of({ model: "pubsub" })).toBeUndefined();
    expect(of({ model: "stream" })).toBeUndefined();
  });
});
