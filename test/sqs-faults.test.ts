/** What the SDK's own client throws when the wire fails, and what the driver makes of it. */
import { createServer, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { systemRuntime } from "@switchyard/core";
import type { Connection, Fault, Phase } from "@switchyard/core/driver";
import { adapter } from "@switchyard/sqs";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { never, queueOf } from "./support/sqs-queues.ts";

beforeEach(() => {
  vi.stubEnv("AWS_ACCESS_KEY_ID", "test");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "test");
});
afterEach(() => vi.unstubAllEnvs());

const PHASES = ["open", "send", "receive", "settle"] as const;
type Action = "GetQueueAttributes" | "SendMessageBatch" | "ReceiveMessage" | "DeleteMessageBatch";

/** A server that knows one queue and then does what the test says; gives each phase's fault. */
async function faultsOf(fail: (response: ServerResponse) => void): Promise<Record<string, Fault | undefined>> {
  const failing: { action?: Action } = {};
  const server = createServer((request, response) => {
    request.resume().on("end", () => {
      const action = String(request.headers["x-amz-target"]).replace("AmazonSQS.", "");
      if (action === failing.action) return fail(response);
      const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/000000000000/q`;
      const answer =
        action === "GetQueueUrl"
          ? { QueueUrl: address }
          : { Attributes: { QueueArn: "arn:aws:sqs:us-east-1:000000000000:q" } };
      response.setHeader("content-type", "application/x-amz-json-1.0").end(JSON.stringify(answer));
    });
  });
  const endpoint = await listening(server);
  const connection = await adapter.open({ region: "us-east-1", endpoint }, systemRuntime, () => {});
  try {
    const of = queueOf();
    const sender = await connection.sender(of, never);
    const receiver = await connection.receiver(of, { holdMs: 30_000, prefetch: 1, start: "earliest" }, never);
    const { value: lease } = await receiver.leases(never)[Symbol.asyncIterator]().next();
    const attempts: Record<(typeof PHASES)[number], [Action, () => Promise<unknown>]> = {
      open: ["GetQueueAttributes", () => connection.sender(of, never)],
      send: ["SendMessageBatch", () => sender.send([{ body: "a", headers: {} }], never)],
      receive: ["ReceiveMessage", () => lease.receive(1, 0, never)],
      settle: ["DeleteMessageBatch", () => lease.settle([{ receipt: "r", action: "ack" }], never)],
    };
    const faults: Record<string, Fault | undefined> = {};
    for (const phase of PHASES) {
      failing.action = attempts[phase][0];
      faults[phase] = await fault(connection, phase, attempts[phase][1]);
    }
    return faults;
  } finally {
    await connection.close();
    server.closeAllConnections();
    server.close();
  }
}

async function fault(
  connection: Connection,
  during: Phase,
  attempt: () => Promise<unknown>,
): Promise<Fault | undefined> {
  try {
    const results = await attempt();
    const [first] = Array.isArray(results) ? results : [];
    return first?.cause === undefined ? undefined : connection.classify(first.cause, during);
  } catch (cause) {
    return connection.classify(cause, during);
  }
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const kinds = (faults: Record<string, Fault | undefined>): unknown =>
  PHASES.map((phase) => `${faults[phase]?.kind} ${faults[phase]?.code}`);
const refuse = (status: number, type: string) => (response: ServerResponse) => {
  response.writeHead(status, { "content-type": "application/x-amz-json-1.0", "x-amzn-query-error": `${type};Sender` });
  response.end(JSON.stringify({ __type: `com.amazonaws.sqs#${type}`, message: "no" }));
};

test("a connection cut before the answer", async () => {
  expect(kinds(await faultsOf((response) => response.socket!.destroy()))).toEqual([
    "retryable connection-lost",
    "ambiguous connection-lost",
    "retryable connection-lost",
    "retryable connection-lost",
  ]);
});

test("an answer cut in the middle", async () => {
  const faults = await faultsOf((response) => {
    response.writeHead(200, { "content-type": "application/x-amz-json-1.0", "content-length": "100" });
    response.write('{"Succ', () => response.socket!.destroy());
  });
  expect(PHASES.map((phase) => faults[phase]?.kind)).toEqual(["retryable", "ambiguous", "retryable", "retryable"]);
});

test("an answer that is not SQS's", async () => {
  const faults = await faultsOf((response) =>
    response.writeHead(200, { "content-type": "text/html" }).end("<html>hello</html>"),
  );
  expect(PHASES.map((phase) => faults[phase]?.kind)).toEqual(["retryable", "ambiguous", "retryable", "retryable"]);
});

test("a failing service", async () => {
  expect(kinds(await faultsOf(refuse(500, "InternalFailure")))).toEqual([
    "retryable service-failed",
    "ambiguous service-failed",
    "retryable service-failed",
    "retryable service-failed",
  ]);
});

test("throttling", async () => {
  expect(kinds(await faultsOf(refuse(400, "RequestThrottled")))).toEqual(Array(4).fill("throttled throttled"));
});

test("credentials that have ended", async () => {
  expect(kinds(await faultsOf(refuse(400, "ExpiredTokenException")))).toEqual(
    Array(4).fill("auth credentials-expired"),
  );
});

test("a queue deleted meanwhile", async () => {
  expect(kinds(await faultsOf(refuse(400, "QueueDoesNotExist")))).toEqual([
    "config queue-not-found",
    "config unroutable",
    "config queue-not-found",
    "config queue-not-found",
  ]);
});

test("nobody listening", async () => {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await new Promise((resolve) => server.close(resolve));
  const connection = await adapter.open({ region: "us-east-1", endpoint }, systemRuntime, () => {});
  expect(await fault(connection, "send", () => connection.sender(queueOf(), never))).toMatchObject({
    kind: "retryable",
    code: "unreachable",
  });
  await connection.close();
});

test("an aborted send is ambiguous, an aborted opening only closed", async () => {
  const stop = new AbortController();
  const held: ServerResponse[] = [];
  const server = createServer((request, response) => {
    if (String(request.headers["x-amz-target"]).endsWith("SendMessageBatch")) {
      held.push(response);
      stop.abort();
    } else {
      const port = (server.address() as AddressInfo).port;
      response
        .setHeader("content-type", "application/x-amz-json-1.0")
        .end(JSON.stringify({ QueueUrl: `http://127.0.0.1:${port}/000000000000/q`, Attributes: {} }));
    }
  });
  const connection = await adapter.open(
    { region: "us-east-1", endpoint: await listening(server) },
    systemRuntime,
    () => {},
  );
  const sender = await connection.sender(queueOf(), never);
  expect(await fault(connection, "send", () => sender.send([{ body: "a", headers: {} }], stop.signal))).toMatchObject({
    kind: "ambiguous",
    code: "aborted",
  });
  expect(held).toHaveLength(1);
  expect(await fault(connection, "open", () => connection.sender(queueOf(), stop.signal))).toMatchObject({
    kind: "closed",
  });
  await connection.close();
  server.closeAllConnections();
  server.close();
});

test("no credentials and no region are named as what they are", async () => {
  for (const name of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"])
    vi.stubEnv(name, undefined);
  vi.stubEnv("AWS_CONFIG_FILE", "/nowhere");
  vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere");
  vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true");
  const withRegion = await adapter.open(
    { region: "us-east-1", endpoint: "http://127.0.0.1:9" },
    systemRuntime,
    () => {},
  );
  expect(await fault(withRegion, "open", () => withRegion.sender(queueOf(), never))).toMatchObject({
    kind: "auth",
    code: "no-credentials",
  });
  const without = await adapter.open({ endpoint: "http://127.0.0.1:9" }, systemRuntime, () => {});
  expect(await fault(without, "open", () => without.sender(queueOf(), never))).toMatchObject({
    kind: "config",
    code: "region-missing",
  });
});
