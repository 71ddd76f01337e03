import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import * as realSdk from "@aws-sdk/client-sqs";
import { clientSettings, handlerSettings, type Sdk } from "@switchyard/aws-kit";
import { afterEach, expect, test, vi } from "vitest";
import { openClients } from "./client.ts";
import { classify } from "./errors.ts";

afterEach(() => vi.unstubAllEnvs());

/** Keeps what each client is made with. */
function fakeSdk() {
  const made: Record<string, any>[] = [];
  const destroyed: unknown[] = [];
  const removed: string[] = [];
  const sent: unknown[][] = [];
  class SQSClient {
    readonly config = {};
    readonly middlewareStack = { add: () => {}, remove: (name: string) => removed.push(name) };
    constructor(config: Record<string, unknown>) {
      made.push(config);
    }
    destroy(): void {
      destroyed.push(this);
    }
    send = async (...args: unknown[]): Promise<void> => void sent.push(args);
  }
  class ReceiveMessageCommand {
    readonly input: unknown;
    constructor(input: unknown) {
      this.input = input;
    }
  }
  return { sdk: { SQSClient, ReceiveMessageCommand }, made, destroyed, removed, sent };
}

test("our clients never resend, never follow a queue's URL, give up what hangs, and keep polls apart", async () => {
  const { sdk, made, destroyed } = fakeSdk();
  const clients = await openClients({ region: "eu-west-1", profile: "dev" }, sdk);
  expect(made).toHaveLength(2);
  for (const config of made) {
    expect(config).toMatchObject({
      region: "eu-west-1",
      profile: "dev",
      maxAttempts: 1,
      useQueueUrlAsEndpoint: false,
      md5: false,
    });
    expect(config).not.toHaveProperty("endpoint");
    expect(config["requestHandler"]).toMatchObject({
      throwOnRequestTimeout: true,
      connectionTimeout: 5_000,
      httpsAgent: { keepAlive: true },
    });
  }
  const [calls, polls] = made;
  expect(polls!["requestHandler"].requestTimeout).toBeGreaterThan(20_000);
  expect(calls!["requestHandler"].requestTimeout).toBe(15_000);
  for (const { requestHandler } of made) expect(requestHandler.socketTimeout).toBe(requestHandler.requestTimeout);
  expect(calls!["requestHandler"].httpsAgent.maxSockets).toBe(Number.POSITIVE_INFINITY);
  clients.close();
  expect(destroyed).toHaveLength(2);
});

test("with fast: false our clients are the SDK's own, not patched", async () => {
  const { sdk, made, removed, sent } = fakeSdk();
  const { call } = await openClients({ fast: false }, sdk);
  expect(made).toHaveLength(2);
  for (const config of made) expect(config).not.toHaveProperty("cacheMiddleware");
  expect(removed).toEqual([]);
  const { signal } = new AbortController();
  await call("ReceiveMessage", {} as never, signal);
  expect(sent[0]![1]).toEqual({ abortSignal: signal });
});

test("our clients order their middleware once, and make no copies for a log nobody reads", async () => {
  const { sdk, made, removed, sent } = fakeSdk();
  const { poll } = await openClients({}, sdk);
  for (const config of made) expect(config).toMatchObject({ cacheMiddleware: true });
  expect(removed).toEqual(["loggerMiddleware", "loggerMiddleware"]);
  const input = {
    QueueUrl: "x",
    MaxNumberOfMessages: 1,
    WaitTimeSeconds: 0,
    VisibilityTimeout: 1,
    MessageAttributeNames: [],
    MessageSystemAttributeNames: [],
  };
  await poll("ReceiveMessage", input, new AbortController().signal);
  // Options of a call of its own would have the SDK order it all again.
  expect(sent).toEqual([[{ input }]]);
});

test("a signal cuts its own call, under way or not yet begun, and no other", async () => {
  vi.stubEnv("AWS_ACCESS_KEY_ID", "test");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "test");
  const asked: { readonly name: string; readonly answer: ServerResponse }[] = [];
  const server = createServer((request, answer) => {
    request.once("data", (body: Buffer) => {
      asked.push({ name: (JSON.parse(body.toString()) as { QueueName: string }).QueueName, answer });
      server.emit("asked");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const clients = await openClients({ region: "eu-west-1", endpoint }, realSdk as unknown as Sdk);
  const call = async (QueueName: string, signal?: AbortSignal) => {
    const reply = clients.call("GetQueueUrl", { QueueName }, signal);
    const ended = reply.then(
      ({ QueueUrl }) => QueueUrl,
      (error: Error) => error.name,
    );
    await Promise.race([once(server, "asked"), ended]);
    return { ended };
  };
  try {
    const cut = new AbortController();
    const first = await call("first", cut.signal);
    const second = await call("second", new AbortController().signal);
    const third = await call("third");
    expect(asked.map(({ name }) => name)).toEqual(["first", "second", "third"]);
    const closed = once(asked[0]!.answer, "close");
    cut.abort();
    expect(await first.ended).toBe("AbortError");
    await closed;
    expect(await (await call("never", cut.signal)).ended).toBe("AbortError");
    for (const { name, answer } of asked.slice(1)) {
      answer.writeHead(200, { "content-type": "application/x-amz-json-1.0" });
      answer.end(JSON.stringify({ QueueUrl: name }));
    }
    expect([await second.ended, await third.ended]).toEqual(["second", "third"]);
    expect(asked).toHaveLength(3);
  } finally {
    clients.close();
    server.close();
  }
});

test("an answer that stops in its middle is given up, as one that never comes", async () => {
  vi.stubEnv("AWS_ACCESS_KEY_ID", "test");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "test");
  const server = createServer((_, answer) => void answer.writeHead(200).write('{"Messages":['));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const settings = clientSettings({ region: "eu-west-1", endpoint }, handlerSettings(200));
  const client = new realSdk.SQSClient(settings);
  const clients = await openClients({ client }, realSdk as unknown as Sdk);
  try {
    const error: unknown = await clients.call("GetQueueUrl", { QueueName: "q" }).catch((cause: unknown) => cause);
    expect(classify(error, "receive")).toMatchObject({ kind: "retryable", code: "timeout" });
    expect(classify(error, "send")).toMatchObject({ kind: "ambiguous" });
  } finally {
    client.destroy();
    server.closeAllConnections();
    server.close();
  }
});

test("a command the installed SDK lacks is named", async () => {
  const { sdk } = fakeSdk();
  const { call } = await openClients({}, sdk);
  expect(() => call("PurgeQueue", { QueueUrl: "x" })).toThrow("PurgeQueueCommand");
});
