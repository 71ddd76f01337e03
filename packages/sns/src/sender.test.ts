import { systemRuntime } from "@switchyard/core";
import type { WireMessage } from "@switchyard/core/driver";
import { SNSClient } from "@aws-sdk/client-sns";
import * as sdk from "@aws-sdk/client-sns";
import type { Sdk } from "@switchyard/aws-kit";
import { leanClient } from "@switchyard/aws-kit/fast";
import { describe, expect, test } from "vitest";
import { caller } from "./sdk.ts";
import { createSender } from "./sender.ts";
import { fakeCall, never, topic } from "./fixtures/fakes.ts";

const message = (more: Partial<WireMessage> = {}): WireMessage => ({
  body: "{}",
  headers: { ce: "x" },
  type: "order.placed",
  ...more,
});
const headers = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`h-${n}`, "v"]));

test("a batch is one call, each entry answered in its place", async () => {
  const { call, calls } = fakeCall(() => ({
    Successful: [{ Id: "1", MessageId: "m-1" }],
    Failed: [{ Id: "0", Code: "InternalError", SenderFault: false }],
  }));
  const sent = await createSender(topic(), call, systemRuntime).send([message(), message({ body: "[]" })], never);
  expect(calls).toHaveLength(1);
  expect(calls[0]!.input).toMatchObject({
    TopicArn: topic().arn,
    PublishBatchRequestEntries: [
      { Id: "0", Message: "{}" },
      { Id: "1", Message: "[]" },
    ],
  });
  expect(sent).toEqual([{ cause: expect.objectContaining({ name: "InternalError" }) }, { id: "m-1" }]);
});

test("a FIFO topic gets the group and the deduplication id, a standard one the fairness key", async () => {
  const { call, calls } = fakeCall(() => ({ Successful: [{ Id: "0", MessageId: "m" }] }));
  await createSender(topic({ fifo: true }), call, systemRuntime).send([message({ key: "c-9", dedup: "id:0" })], never);
  await createSender(topic(), call, systemRuntime).send([message({ fairness: "tenant" })], never);
  expect(calls[0]!.input.PublishBatchRequestEntries[0]).toMatchObject({
    MessageGroupId: "c-9",
    MessageDeduplicationId: "id:0",
  });
  expect(calls[1]!.input.PublishBatchRequestEntries[0]).toMatchObject({ MessageGroupId: "tenant" });
});

test("a topic's own limit is what it declares, for a message and for a batch", () => {
  const { call } = fakeCall(() => ({}));
  const { capabilities } = createSender(topic({ maxMessageBytes: 4_096 }), call, systemRuntime);
  expect(capabilities).toMatchObject({ maxMessageBytes: 4_096, maxBatch: { count: 10, bytes: 4_096 } });
});

describe("what would be discarded on its way is refused before the call", () => {
  const refusals: [string, Partial<WireMessage>, string][] = [
    ["eleven attributes, the type one of them", { headers: headers(10) }, "too-many-headers"],
    ["a delay", { delayMs: 1_000 }, "delay-unsupported"],
    ["an empty body", { body: "" }, "empty-body"],
    ["a control character", { body: "\u0000" }, "invalid-characters"],
    ["an attribute named as AWS names its own", { headers: { "aws.x": "1" } }, "bad-header"],
  ];
  test.each(refusals)("%s", async (_what, more, code) => {
    const { call, calls } = fakeCall(() => ({ Successful: [{ Id: "0", MessageId: "m" }] }));
    const sent = await createSender(topic(), call, systemRuntime).send(
      [message(more), message({ headers: headers(9) })],
      never,
    );
    expect(sent).toEqual([{ cause: expect.objectContaining({ code, kind: "permanent" }) }, { id: "m" }]);
    expect(calls[0]!.input.PublishBatchRequestEntries).toHaveLength(1);
  });
});

describe("attributes that instrumentation adds in the SDK", () => {
  /** What leaves, with an instrumentation that adds so many to each entry. */
  async function leaving(added: number, own: number): Promise<string[]> {
    const client = new SNSClient({
      region: "eu-west-1",
      credentials: { accessKeyId: "a", secretAccessKey: "b" },
      maxAttempts: 1,
    });
    let body = "";
    const handle = async (request: { body: string }) => {
      body = request.body;
      throw new Error("seen");
    };
    client.config.requestHandler.handle = handle as never;
    client.middlewareStack.add(
      (next: any) => (args: any) => {
        for (const entry of args.input.PublishBatchRequestEntries)
          for (let n = 0; n < added; n++)
            entry.MessageAttributes[`trace-${n}`] = { DataType: "String", StringValue: "t" };
        return next(args);
      },
      { step: "initialize", name: "instrumentation" },
    );
    const sender = createSender(topic(), caller(sdk as unknown as Sdk, client), systemRuntime);
    await expect(sender.send([message({ headers: headers(own - 1) })], never)).rejects.toThrow("seen");
    return [...new URLSearchParams(body)].flatMap(([name, value]) => (name.endsWith(".Name") ? [value] : []));
  }

  test("are sent where there is room", async () => {
    expect(await leaving(6, 4)).toHaveLength(10);
  });

  test("are left behind where SNS would discard the message for them", async () => {
    expect(await leaving(7, 4)).toEqual(["type", "h-0", "h-1", "h-2"]);
  });

  test("are left behind from each message for itself, and aborts arrive, with a client that keeps its middleware", async () => {
    const bodies: string[] = [];
    const signals: unknown[] = [];
    const requestHandler = {
      handle: async (request: { body: string }, { abortSignal }: { abortSignal?: unknown }) => {
        bodies.push(request.body);
        signals.push(abortSignal);
        throw new Error("seen");
      },
    };
    class Instrumented extends SNSClient {
      constructor(config: object) {
        super(config);
        const middleware = (next: any) => (args: any) => {
          for (const entry of args.input.PublishBatchRequestEntries)
            for (let n = 0; n < 10; n++)
              entry.MessageAttributes[`trace-${n}`] = { DataType: "String", StringValue: "t" };
          return next(args);
        };
        this.middlewareStack.add(middleware, { step: "initialize", name: "instrumentation" });
      }
    }
    const client = leanClient({ SNSClient: Instrumented } as unknown as Sdk, "SNSClient", {
      region: "eu-west-1",
      credentials: { accessKeyId: "a", secretAccessKey: "b" },
      maxAttempts: 1,
      requestHandler,
    });
    const sender = createSender(topic(), caller(sdk as unknown as Sdk, client), systemRuntime);
    for (const value of ["first", "second"]) {
      const own = message({ headers: { name: value } });
      await expect(sender.send([own], never)).rejects.toThrow("seen");
    }
    const values = bodies.map((body) =>
      [...new URLSearchParams(body)].flatMap(([name, value]) => (name.endsWith("Value.StringValue") ? [value] : [])),
    );
    expect(values.map((each) => each.at(-1))).toEqual(["first", "second"]);
    expect(signals).toEqual([never, never]);
  });
});
