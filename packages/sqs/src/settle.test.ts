import { expect, test } from "vitest";
import { classify } from "./errors.ts";
import { extend, settle } from "./settle.ts";
import { fakeCall, never, sdkError } from "./testing/fakes.ts";

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
