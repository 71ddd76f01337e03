import { virtualRuntime } from "@switchyard/core/testing";
import { expect, test } from "vitest";
import { classify } from "./errors.ts";
import { createSender } from "./sender.ts";
import { fakeCall, never, queue, sdkError } from "./fixtures/fakes.ts";

const message = (body: string, more = {}) => ({ body, headers: {}, ...more });

test("each result belongs to its message, whatever order SQS answers in", async () => {
  const { call, calls } = fakeCall(() => ({
    Failed: [{ Id: "1", Code: "InternalError", SenderFault: false }],
    Successful: [
      { Id: "2", MessageId: "c" },
      { Id: "0", MessageId: "a" },
    ],
  }));
  const sender = createSender(queue(), call, virtualRuntime());
  const results = await sender.send([message("a"), message("b"), message("c"), message("d")], never);
  expect(results).toMatchObject([
    { id: "a" },
    { cause: { name: "InternalError" } },
    { id: "c" },
    { cause: { name: "NoAnswer" } },
  ]);
  expect(results.map((result) => "cause" in result && classify(result.cause, "send").kind)).toEqual([
    false,
    "retryable",
    false,
    "ambiguous",
  ]);
  expect(calls).toHaveLength(1);
});

test("a message SQS would refuse is not sent; the others are", async () => {
  const { call, calls } = fakeCall(({ input }) => ({
    Successful: input.Entries.map((entry: any) => ({ Id: entry.Id, MessageId: entry.MessageBody })),
  }));
  const sender = createSender(queue(), call, virtualRuntime());
  const results = await sender.send([message("a\u0000"), message("b"), message("")], never);
  expect(results).toMatchObject([
    { cause: { code: "invalid-characters" } },
    { id: "b" },
    { cause: { code: "empty-body" } },
  ]);
  expect(calls[0]!.input.Entries).toEqual([{ Id: "0", MessageBody: "b" }]);
  await sender.send([message("")], never);
  expect(calls).toHaveLength(1);
});

test("a call that fails rejects with the raw error, and is not made again", async () => {
  const raw = sdkError("TimeoutError");
  const { call, calls } = fakeCall(() => Promise.reject(raw));
  await expect(createSender(queue(), call, virtualRuntime()).send([message("a")], never)).rejects.toBe(raw);
  expect(calls).toHaveLength(1);
});

test("the abort reaches the call", async () => {
  const { call, calls } = fakeCall(() => ({}));
  const { signal } = new AbortController();
  await createSender(queue(), call, virtualRuntime()).send([message("a")], signal);
  expect(calls[0]!.signal).toBe(signal);
});

test("the queue's own limits are the sender's", () => {
  const { call } = fakeCall(() => ({}));
  const sender = createSender(queue({ maxMessageBytes: 262_144, fifo: true }), call, virtualRuntime());
  expect(sender.capabilities).toMatchObject({
    maxMessageBytes: 262_144,
    ordering: "key",
    fairness: false,
    delayedPublishMs: 0,
    publishDedupMs: 300_000,
  });
});

test("two dead letters of one message have groups of their own on FIFO; a resend of one keeps its group", async () => {
  const { call, calls } = fakeCall(({ input }) => ({
    Successful: input.Entries.map(({ Id }: any) => ({ Id, MessageId: Id })),
  }));
  const dead = createSender(queue({ fifo: true }), call, virtualRuntime(), { dead: true });
  const letter = () => message("a", { headers: { ce: "{}" }, key: "customer", dedup: "id:1" });
  const [first, second] = [letter(), letter()];
  for (const one of [first, second, first]) await dead.send([one], never);
  const entries = calls.map(({ input }) => input.Entries[0]);
  const [one, other, again] = entries.map(({ MessageGroupId }: any) => MessageGroupId as string);
  expect(other).not.toBe(one);
  expect(again).toBe(one);
  expect(new Set(entries.map(({ MessageDeduplicationId }: any) => MessageDeduplicationId))).toEqual(new Set(["id:1"]));
});
