/** The fault proxy: each fault does to the wire what it says, to the client and to the server behind it. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { CreateTopicCommand, PublishBatchCommand, SNSClient } from "@aws-sdk/client-sns";
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Aws, startAws } from "./support/aws-emulator.ts";
import { type Entry, type FaultProxy, startFaultProxy } from "./support/fault-proxy.ts";

describe("in front of a plain server", () => {
  const seen: { action: string; body: string }[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on("end", () => {
      seen.push({ action: String(request.headers["x-amz-target"]), body });
      response.writeHead(200, { "content-type": "application/x-amz-json-1.0", "x-server": "real" });
      response.end(`{"echo":${JSON.stringify(body)}}`);
    });
  });
  let proxy: FaultProxy;
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    proxy = await startFaultProxy(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  });
  beforeEach(() => {
    proxy.heal();
    seen.length = 0;
  });
  afterAll(async () => {
    await proxy.close();
    await new Promise((resolve) => server.close(resolve));
  });
  const call = (action: string, body = "{}", signal?: AbortSignal) =>
    fetch(proxy.endpoint, {
      method: "POST",
      body,
      headers: { "x-amz-target": `AmazonSQS.${action}` },
      ...(signal === undefined ? {} : { signal }),
    });

  test("without a fault the answer is the server's, whole", async () => {
    const answer = await call("SendMessage", '{"text":"ünï"}');
    expect(answer.headers.get("x-server")).toBe("real");
    expect(await answer.json()).toEqual({ echo: '{"text":"ünï"}' });
    expect(proxy.reached(/^SendMessage$/)).toBe(1);
  });

  test("cut: the client sees a broken connection, the server nothing; then it is over", async () => {
    proxy.fault(/^SendMessage/, { kind: "cut" }, 1);
    await expect(call("SendMessage")).rejects.toThrow(/./);
    expect(seen).toEqual([]);
    expect((await call("SendMessage")).status).toBe(200);
  });

  test("lose-reply: the server did it, the client sees a broken connection", async () => {
    proxy.fault(/^SendMessage/, { kind: "lose-reply" }, 1);
    await expect(call("SendMessage")).rejects.toThrow(/./);
    expect(seen).toHaveLength(1);
  });

  test("stall: no answer until the client gives up, and the server sees nothing", async () => {
    proxy.fault(/^ReceiveMessage/, { kind: "stall" }, 1);
    const giveUp = new AbortController();
    const stalled = call("ReceiveMessage", "{}", giveUp.signal);
    expect((await call("SendMessage")).status).toBe(200);
    giveUp.abort();
    await expect(stalled).rejects.toThrow(/./);
    expect(seen.map(({ action }) => action)).toEqual(["AmazonSQS.SendMessage"]);
  });

  test("throttle and error answer as AWS does, to the action meant only, as often as asked", async () => {
    proxy.fault(/^SendMessage/, { kind: "throttle" }, 2);
    proxy.fault(/^DeleteMessage/, { kind: "error" });
    for (const _ of [1, 2]) {
      const refused = await call("SendMessageBatch");
      expect(refused.status).toBe(400);
      expect(await refused.json()).toMatchObject({ __type: "com.amazonaws.sqs#RequestThrottled" });
    }
    expect((await call("SendMessageBatch")).status).toBe(200);
    expect((await call("DeleteMessage")).status).toBe(500);
    expect(proxy.hits).toBeGreaterThanOrEqual(3);
    proxy.heal();
    expect((await call("DeleteMessage")).status).toBe(200);
  });

  test("delay: the server sees the request later, not earlier than asked", async () => {
    const began = performance.now();
    proxy.fault(/^SendMessage/, { kind: "delay", ms: 60 }, 1);
    expect((await call("SendMessage")).status).toBe(200);
    expect(performance.now() - began).toBeGreaterThanOrEqual(59);
  });
});

describe("in front of SQS, through the SDK", () => {
  let aws: Aws;
  let proxy: FaultProxy;
  let client: SQSClient;
  let QueueUrl: string;
  beforeAll(async () => {
    aws = await startAws();
    if (!aws.emulator) return;
    proxy = await startFaultProxy(aws.endpoint!);
    client = new SQSClient({
      region: aws.region,
      endpoint: proxy.endpoint,
      maxAttempts: 1,
      useQueueUrlAsEndpoint: false,
    });
    QueueUrl = (await client.send(new CreateQueueCommand({ QueueName: "fault-proxy" }))).QueueUrl!;
  });
  beforeEach(({ skip }) => {
    if (!aws.emulator) skip("requests to AWS are signed for its own host");
    proxy.heal();
  });
  afterAll(async () => {
    client?.destroy();
    await proxy?.close();
    await aws.close();
  });
  const depth = async (): Promise<string | undefined> => {
    const asked = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["ApproximateNumberOfMessages"] });
    return (await client.send(asked)).Attributes?.["ApproximateNumberOfMessages"];
  };

  test("chosen entries fail, the others are stored, and each is answered", async () => {
    const match = (entry: { MessageBody?: string }) => entry.MessageBody === "bad";
    proxy.fault(
      /^SendMessageBatch/,
      { kind: "fail-entries", match, code: "InvalidMessageContents", senderFault: true },
      1,
    );
    const Entries = ["good", "bad", "fine"].map((MessageBody, at) => ({ Id: `e${at}`, MessageBody }));
    const answer = await client.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
    expect(answer.Successful?.map(({ Id }) => Id)).toEqual(["e0", "e2"]);
    expect(answer.Failed).toMatchObject([{ Id: "e1", Code: "InvalidMessageContents", SenderFault: true }]);
    expect(await depth()).toBe("2");
    const again = await client.send(new SendMessageBatchCommand({ QueueUrl, Entries: [Entries[1]!] }));
    expect(again.Failed ?? []).toEqual([]);
    expect(await depth()).toBe("3");
  });

  test("a throttled call is the SDK's throttling error", async () => {
    proxy.fault(/^SendMessage/, { kind: "throttle" }, 1);
    await expect(client.send(new SendMessageCommand({ QueueUrl, MessageBody: "x" }))).rejects.toMatchObject({
      name: "RequestThrottled",
    });
  });

  test("a lost reply left the message in the queue", async () => {
    const before = Number(await depth());
    proxy.fault(/^SendMessage/, { kind: "lose-reply" }, 1);
    await expect(client.send(new SendMessageCommand({ QueueUrl, MessageBody: "lost reply" }))).rejects.toThrow(/./);
    expect(Number(await depth())).toBe(before + 1);
  });

  test("of a batch to SNS chosen entries fail, and the others are published; a throttled call is its own error", async () => {
    const sns = new SNSClient({ region: aws.region, endpoint: proxy.endpoint, maxAttempts: 1 });
    const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: "fault-proxy" }));
    const PublishBatchRequestEntries = ["a", "b", "c"].map((Id) => ({ Id, Message: `message ${Id}` }));
    const publish = () => sns.send(new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries }));
    const failing = (match: (entry: { Id?: string }) => boolean) =>
      proxy.fault(/^PublishBatch/, { kind: "fail-entries", match, code: "InternalError", senderFault: false }, 3);
    failing(({ Id }) => Id === "b");
    const some = await publish();
    expect(some.Successful?.map(({ Id }) => Id)).toEqual(["a", "c"]);
    expect(some.Failed).toMatchObject([{ Id: "b", Code: "InternalError", SenderFault: false }]);
    proxy.heal();
    failing(() => true);
    expect((await publish()).Failed?.map(({ Id }) => Id)).toEqual(["a", "b", "c"]);
    proxy.fault(/^PublishBatch/, { kind: "throttle" }, 1);
    await expect(publish()).rejects.toMatchObject({ name: expect.stringContaining("Throttled") });
    expect((await publish()).Failed ?? []).toEqual([]);
    sns.destroy();
  });
});

test("Kinesis has a server of its own behind the proxy, and answers by position", async () => {
  const server = createServer((request, response) => {
    void request.toArray().then((chunks) => {
      const { Records } = JSON.parse(Buffer.concat(chunks).toString()) as { Records: { Data: string }[] };
      const stored = Records.map(({ Data }) => ({ SequenceNumber: Data }));
      response.end(JSON.stringify({ FailedRecordCount: 0, Records: stored }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const proxy = await startFaultProxy(
    "http://127.0.0.1:1",
    `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  );
  const put = async (...data: readonly string[]) => {
    const answer = await fetch(proxy.endpoint, {
      method: "POST",
      headers: { "x-amz-target": "Kinesis_20131202.PutRecords" },
      body: JSON.stringify({ StreamName: "s", Records: data.map((Data) => ({ Data })) }),
    });
    return { status: answer.status, body: (await answer.json()) as object };
  };
  const match = (record: Entry) => record["Data"] !== "b";
  proxy.fault(/^PutRecords$/, { kind: "fail-entries", match, code: "InternalFailure", senderFault: false }, 2);
  const failed = { ErrorCode: "InternalFailure" };
  expect(await put("a", "b", "c")).toMatchObject({
    body: { FailedRecordCount: 2, Records: [failed, { SequenceNumber: "b" }, failed] },
  });
  proxy.fault(/./, { kind: "throttle" }, 1);
  expect(await put("a")).toMatchObject({ status: 400, body: { __type: "LimitExceededException" } });
  expect(await put("a")).toMatchObject({ body: { FailedRecordCount: 0, Records: [{ SequenceNumber: "a" }] } });
  await proxy.close();
  await new Promise((resolve) => server.close(resolve));
});
