import type { Lease } from "@switchyard/core/driver";
import { virtualRuntime } from "@switchyard/core/testing";
import { describe, expect, test } from "vitest";
import { classify } from "./errors.ts";
import { createReceiver, extend, holdEnd, type Receipt, settle } from "./receiver.ts";
import { type Called, deferred, fakeCall, never, queue, sdkError } from "./fixtures/fakes.ts";

const raw = (id: string, more = {}) => ({
  MessageId: id,
  ReceiptHandle: `r-${id}`,
  Body: "b",
  Attributes: { ApproximateReceiveCount: "2", SentTimestamp: "1700000000000" },
  ...more,
});
const messages = (count: number) => ({ Messages: Array.from({ length: count }, (_, index) => raw(String(index))) });

async function receiving(answer: (called: Called) => unknown, { fifo = false, holdMs = 60_000 } = {}) {
  const runtime = virtualRuntime();
  const { call, calls } = fakeCall(answer);
  const receiver = createReceiver(queue({ fifo }), { call, poll: call }, holdMs, runtime);
  const leases = receiver.leases(never)[Symbol.asyncIterator]();
  const { value } = await leases.next();
  return { runtime, receiver, leases, lease: value as Lease<Receipt>, calls };
}

describe("a poll", () => {
  test("asks for the hold and whole seconds of wait, and tells attempts, times and deadlines", async () => {
    const { lease, calls, runtime } = await receiving(() => messages(1));
    const from = runtime.monotonic();
    const [delivery] = (await lease.receive(25, 8_333, never))!;
    expect(calls[0]!.input).toMatchObject({
      MaxNumberOfMessages: 10,
      WaitTimeSeconds: 8,
      VisibilityTimeout: 60,
      MessageAttributeNames: ["All"],
    });
    expect(calls[0]!.input).not.toHaveProperty("ReceiveRequestAttemptId");
    expect(delivery).toMatchObject({
      id: "0",
      receipt: "r-0",
      attempt: 2,
      enqueuedAt: 1_700_000_000_000,
      deadline: from + 60_000,
    });
    expect(delivery!.lastDeadline! - from).toBe(43_190_000);
  });

  test("asks for what SQS keeps of a message, on FIFO queues what only they have", async () => {
    const asked = async (fifo: boolean): Promise<string[]> => {
      const { lease, calls } = await receiving(() => ({}), { fifo });
      await lease.receive(1, 0, never);
      return calls[0]!.input.MessageSystemAttributeNames;
    };
    const both = ["ApproximateReceiveCount", "SentTimestamp", "MessageGroupId", "AWSTraceHeader"];
    expect(await asked(false)).toEqual(both);
    expect(await asked(true)).toEqual([...both, "MessageDeduplicationId", "SequenceNumber"]);
  });

  test("waits at most 20 seconds", async () => {
    const { lease, calls } = await receiving(() => ({}));
    expect(await lease.receive(1, 60_000, never)).toEqual([]);
    expect(calls[0]!.input.WaitTimeSeconds).toBe(20);
  });

  test("is not cut by an abort: SQS may have given it messages", async () => {
    const reply = deferred<unknown>();
    const { lease, calls } = await receiving(() => reply.promise);
    const stop = new AbortController();
    const running = lease.receive(10, 20_000, stop.signal);
    await Promise.resolve();
    stop.abort();
    expect(calls[0]!.signal?.aborted).toBe(false);
    reply.resolve(messages(2));
    expect(await running).toHaveLength(2);
    expect(await lease.receive(10, 20_000, stop.signal)).toEqual([]);
    expect(calls).toHaveLength(1);
  });

  test("is cut by closing, which also ends the leases", async () => {
    const { lease, leases, receiver, calls } = await receiving(
      ({ signal }) =>
        new Promise((_, reject) => signal!.addEventListener("abort", () => reject(sdkError("AbortError")))),
    );
    const ended = leases.next();
    const running = lease.receive(10, 20_000, never);
    await Promise.resolve();
    await receiver.close();
    await expect(running).rejects.toMatchObject({ name: "AbortError" });
    expect(await lease.receive(10, 20_000, never)).toEqual([]);
    expect((await ended).done).toBe(true);
    expect(calls).toHaveLength(1);
    await receiver.close();
  });

  test("that fails rejects with the raw error and leaves the way free for the next", async () => {
    const raw = sdkError("OverLimit");
    let calls = 0;
    const { lease } = await receiving(() => (calls++ === 0 ? Promise.reject(raw) : messages(1)));
    await expect(lease.receive(1, 1_000, never)).rejects.toBe(raw);
    expect(await lease.receive(1, 1_000, never)).toHaveLength(1);
  });
});

describe("a FIFO queue", () => {
  test("gives its groups as keys", async () => {
    const { lease } = await receiving(
      () => ({ Messages: [raw("1", { Attributes: { MessageGroupId: "customer-1" } })] }),
      { fifo: true },
    );
    const [delivery] = (await lease.receive(1, 0, never))!;
    expect(delivery!.message).toMatchObject({ key: "customer-1" });
    expect(delivery!.attempt).toBeUndefined();
  });

  test("is asked again with the same attempt id when a reply was lost, with a new one otherwise", async () => {
    const script: unknown[] = [
      sdkError("Error", { code: "ECONNRESET" }),
      messages(1),
      sdkError("RequestThrottled"),
      messages(0),
    ];
    const { lease, calls } = await receiving(
      () => {
        const next = script.shift();
        if (next instanceof Error) throw next;
        return next;
      },
      { fifo: true },
    );
    for (let i = 0; i < 4; i++) await lease.receive(5, 1_000, never).catch(() => {});
    const ids = calls.map(({ input }) => input.ReceiveRequestAttemptId);
    expect(ids[1]).toBe(ids[0]);
    expect(new Set(ids).size).toBe(3);
  });

  test("never asks again for more than it may hold, nor after SQS has forgotten the attempt", async () => {
    const cut = sdkError("Error", { code: "ECONNRESET" });
    const script: unknown[] = [cut, messages(0), cut, messages(0)];
    const { lease, calls, runtime } = await receiving(
      () => {
        const next = script.shift();
        if (next instanceof Error) throw next;
        return next;
      },
      { fifo: true },
    );
    await lease.receive(5, 0, never).catch(() => {});
    await lease.receive(4, 0, never);
    await lease.receive(4, 0, never).catch(() => {});
    await runtime.advance("5m");
    await lease.receive(10, 0, never);
    expect(new Set(calls.map(({ input }) => input.ReceiveRequestAttemptId)).size).toBe(4);
  });
});

describe("the end of a hold", () => {
  test("is counted from the call while that leaves half of it", () => {
    expect(holdEnd(0, 100, 20_000, 60_000)).toBe(60_000);
    expect(holdEnd(0, 20_000, 20_000, 60_000)).toBe(60_000);
  });
  test("leaves half of a short hold after a long wait", () => {
    expect(holdEnd(0, 8_000, 8_000, 2_000)).toBe(9_000);
  });
  test("has passed when the reply came later than the wait explains", () => {
    expect(holdEnd(0, 30_000, 8_000, 2_000)).toBe(10_000);
  });
});

const ack = (receipt: string) => ({ receipt, action: "ack" as const });
const retry = (receipt: string, delayMs: number) => ({ receipt, action: "retry" as const, delayMs, attempt: 1 });
const release = (receipt: string) => ({ receipt, action: "release" as const });
const all = ({ input }: { input: any }) => ({ Successful: input.Entries.map(({ Id }: any) => ({ Id })) });

test("acks delete, retries hide for their delay rounded up, releases show at once", async () => {
  const { call, calls } = fakeCall(all);
  const outcomes = await settle("url", call, [ack("a"), retry("b", 1_500), release("c"), ack("d")], never);
  expect(outcomes).toEqual([undefined, undefined, undefined, undefined]);
  expect(calls.map(({ action, input }) => [action, input.Entries])).toEqual([
    [
      "DeleteMessageBatch",
      [
        { Id: "0", ReceiptHandle: "a" },
        { Id: "1", ReceiptHandle: "d" },
      ],
    ],
    [
      "ChangeMessageVisibilityBatch",
      [
        { Id: "0", ReceiptHandle: "b", VisibilityTimeout: 2 },
        { Id: "1", ReceiptHandle: "c", VisibilityTimeout: 0 },
      ],
    ],
  ]);
});

test("failed entries and failed calls are mapped to their items", async () => {
  const cut = sdkError("Error", { code: "ECONNRESET" });
  const { call } = fakeCall(({ action }) => {
    if (action === "ChangeMessageVisibilityBatch") throw cut;
    return { Failed: [{ Id: "1", Code: "ReceiptHandleIsInvalid", SenderFault: true }], Successful: [{ Id: "0" }] };
  });
  const outcomes = await settle("url", call, [ack("a"), release("b"), ack("c")], never);
  expect(outcomes[0]).toBeUndefined();
  expect(outcomes[1]).toEqual({ cause: cut });
  expect(classify(outcomes[2]!.cause, "settle")).toMatchObject({ kind: "lost" });
});

test("a retry SQS cannot keep is refused, not shortened", async () => {
  const { call, calls } = fakeCall(all);
  const outcomes = await settle("url", call, [retry("a", 43_200_001)], never);
  expect(outcomes).toMatchObject([{ cause: { code: "retry-delay-unsupported", kind: "permanent" } }]);
  expect(calls).toHaveLength(0);
});

test("holds are extended in batches of ten, each failure for its own", async () => {
  const { call, calls } = fakeCall(({ input }) => ({
    Successful: input.Entries.filter((entry: any) => entry.ReceiptHandle !== "11"),
    Failed: input.Entries.filter((entry: any) => entry.ReceiptHandle === "11").map(({ Id }: any) => ({
      Id,
      Code: "MessageNotInflight",
      SenderFault: true,
    })),
  }));
  const receipts = Array.from({ length: 12 }, (_, index) => String(index));
  const outcomes = await extend("url", call, receipts, 60_000, never);
  expect(calls.map(({ input }) => input.Entries.length)).toEqual([10, 2]);
  expect(calls[0]!.input.Entries[0].VisibilityTimeout).toBe(60);
  expect(outcomes.map((outcome) => outcome !== undefined)).toEqual([...Array(11).fill(false), true]);
});
