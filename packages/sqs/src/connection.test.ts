import { SQSClient } from "@aws-sdk/client-sqs";
import type { Destination, DriverEvent } from "@switchyard/core/driver";
import { virtualRuntime } from "@switchyard/core/testing";
import { afterEach, describe, expect, test, vi } from "vitest";
import { adapter } from "./adapter.ts";
import type { SqsOptions } from "./options.ts";
import { type Called, destination, fakeClient, never, sdkError } from "./fixtures/fakes.ts";

const START = { holdMs: 60_000, prefetch: 20, start: "earliest" } as const;
const HOST = "https://sqs.eu-west-1.amazonaws.com";
const endpoint = (url: string) => {
  const { protocol, hostname, port } = new URL(url);
  return {
    endpoint: async () => ({ protocol, hostname, ...(port === "" ? {} : { port: Number(port) }) }),
    region: async () => "eu-west-1",
  };
};
const queues =
  (host = HOST, attributes: Record<string, string> = {}) =>
  ({ action, input }: Called): unknown => {
    if (action === "GetQueueUrl")
      return { QueueUrl: `${host}/${input.QueueOwnerAWSAccountId ?? "123456789012"}/${input.QueueName}` };
    if (action === "GetQueueAttributes")
      return { Attributes: { QueueArn: "arn:aws:sqs:eu-west-1:123456789012:x", ...attributes } };
    return {};
  };
const open = (options: SqsOptions, report: (event: DriverEvent) => void = () => {}) =>
  adapter.open(options, virtualRuntime(), report);
const opening = async (of: Destination, options: Omit<SqsOptions, "client">, answer = queues(), at = HOST) => {
  const client = fakeClient(answer, endpoint(at));
  const sender = await (await open({ ...options, client })).sender(of, never);
  return { client, sender };
};

afterEach(() => vi.unstubAllEnvs());

describe("a queue", () => {
  test("is found by its name, in another account where one is given", async () => {
    const { client } = await opening(destination(), { accountId: "999999999999" });
    expect(client.calls[0]!.input).toEqual({
      QueueName: "test_orders_billing",
      QueueOwnerAWSAccountId: "999999999999",
    });
    expect(client.calls[1]!.input.QueueUrl).toBe(`${HOST}/999999999999/test_orders_billing`);
  });

  test("by ARN is asked for at its owner, and refused in another region", async () => {
    const address = (region: string) => destination({ address: `arn:aws:sqs:${region}:888888888888:theirs` });
    const { client } = await opening(address("eu-west-1"), {});
    expect(client.calls[0]!.input).toEqual({ QueueName: "theirs", QueueOwnerAWSAccountId: "888888888888" });
    await expect(opening(address("us-east-1"), {})).rejects.toMatchObject({ code: "wrong-region" });
  });

  test("by URL is used as it is, on the endpoint's own host only", async () => {
    const { client } = await opening(destination({ address: `${HOST}/123456789012/theirs` }), {});
    expect(client.calls.map(({ action }) => action)).toEqual(["GetQueueAttributes"]);
    for (const host of ["https://evil.example", "https://sqs.us-east-1.amazonaws.com"]) {
      await expect(opening(destination({ address: `${host}/123456789012/theirs` }), {})).rejects.toMatchObject({
        code: "foreign-queue-url",
      });
    }
    await expect(
      opening(destination({ address: "http://sqs.eu-west-1.amazonaws.com/123456789012/theirs" }), {}),
    ).rejects.toMatchObject({ code: "insecure-queue-url" });
  });

  test("may be on a host the user trusts, or on SQS's own in a partition of the user's, over https only", async () => {
    const at = "https://sqs.moon-north-1.moon.example";
    const opened = (host: string, trustedHosts: string[]) =>
      opening(destination({ address: `${host}/123456789012/theirs` }), { trustedHosts }, queues(), at);
    for (const [host, entry] of [
      ["https://queues.other.example", "queues.other.example"],
      ["https://sqs-fips.moon-north-1.moon.example", ".moon.example"],
      ["https://vpce-1.sqs.moon-north-1.vpce.moon.example", ".moon.example"],
    ] as const) {
      await expect(opened(host, [entry])).resolves.toBeDefined();
      await expect(opened(host, [])).rejects.toMatchObject({ code: "foreign-queue-url" });
    }
    for (const [host, entry] of [
      ["https://sqs-fips.moon-south-1.moon.example", ".moon.example"],
      ["https://evil.moon.example", ".moon.example"],
      ["https://a.queues.other.example", "queues.other.example"],
      ["https://queues.other.example:8443", "queues.other.example"],
    ] as const)
      await expect(opened(host, [entry])).rejects.toMatchObject({ code: "foreign-queue-url" });
    await expect(opened("http://queues.other.example", ["queues.other.example"])).rejects.toMatchObject({
      code: "insecure-queue-url",
    });
    const checked = adapter.options["~standard"].validate({ trustedHosts: ["*.moon.example"] });
    expect(checked).toMatchObject({
      issues: [{ path: ["trustedHosts", 0], message: expect.stringContaining("whole host") }],
    });
  });

  test("is refused where the endpoint answers with a URL of another host", async () => {
    await expect(opening(destination(), {}, queues("https://evil.example"))).rejects.toMatchObject({
      code: "foreign-queue-url",
      kind: "config",
    });
    await expect(
      opening(destination(), {}, queues("http://sqs.us-east-1.localhost:4566"), "http://127.0.0.1:4567"),
    ).resolves.toBeDefined();
  });

  test("has its own size limit and retention", async () => {
    const { sender } = await opening(
      destination(),
      {},
      queues(HOST, { MaximumMessageSize: "262144", MessageRetentionPeriod: "60" }),
    );
    expect(sender.capabilities).toMatchObject({ maxMessageBytes: 262_144, retentionMs: 60_000 });
  });

  test("of the wrong kind is refused for sending and for receiving", async () => {
    await expect(
      opening(destination({ ordered: true, address: "x.fifo" }), {}, queues(HOST, { FifoQueue: "true" })),
    ).resolves.toBeDefined();
    await expect(opening(destination(), {}, queues(HOST, { FifoQueue: "true" }))).rejects.toMatchObject({
      code: "wrong-queue-kind",
    });
    const connection = await open({ client: fakeClient(queues(), endpoint(HOST)) });
    await expect(
      connection.receiver(destination({ ordered: true, address: `${HOST}/123456789012/x` }), START, never),
    ).rejects.toMatchObject({ code: "wrong-queue-kind" });
    await expect(connection.receiver(destination(), { ...START, holdMs: 43_200_001 }, never)).rejects.toMatchObject({
      code: "bad-hold",
    });
  });
});

describe("a client", () => {
  test("of the user's that retries is refused, with what to change", async () => {
    await expect(open({ client: new SQSClient({ region: "eu-west-1" }) })).rejects.toMatchObject({
      code: "client-retries",
      message: expect.stringContaining("maxAttempts: 1"),
    });
    const once = new SQSClient({ region: "eu-west-1", maxAttempts: 1 });
    await expect(
      open({ client: once, receiveClient: new SQSClient({ region: "eu-west-1", maxAttempts: 2 }) }),
    ).rejects.toMatchObject({ message: expect.stringContaining("receiveClient") });
    await expect(open({ client: once })).resolves.toBeDefined();
  });

  test("of the user's is not closed with the connection", async () => {
    const client = Object.assign(fakeClient(queues(), endpoint(HOST)), { destroy: vi.fn<() => void>() });
    await (await open({ client })).close();
    expect(client.destroy).not.toHaveBeenCalled();
  });

  test("for polls may be another than for everything else", async () => {
    const client = fakeClient(queues(), endpoint(HOST));
    const receiveClient = fakeClient(() => ({}));
    const receiver = await (await open({ client, receiveClient })).receiver(destination(), START, never);
    const { value } = await receiver.leases(never)[Symbol.asyncIterator]().next();
    await value.receive(1, 0, never);
    expect(receiveClient.calls.map(({ action }) => action)).toEqual(["ReceiveMessage"]);
  });

  test("of ours never sends twice by itself, and finds its endpoint in the standard environment", async () => {
    vi.stubEnv("AWS_ENDPOINT_URL", "http://queues.internal:4566");
    vi.stubEnv("AWS_MAX_ATTEMPTS", "5");
    const connection = await open({ region: "eu-west-1" });
    await expect(connection.sender(destination(), never)).rejects.toMatchObject({
      code: "insecure-endpoint",
      message: expect.stringContaining("queues.internal"),
    });
    await connection.close();
    await connection.close();
  });
});

describe("the options", () => {
  const problems = async (value: unknown): Promise<string[]> => {
    const result = await adapter.options["~standard"].validate(value);
    return (result.issues ?? []).map(({ path, message }) => `${(path ?? []).map(String).join(".")}: ${message}`);
  };

  test("are all optional, and nothing else is taken", async () => {
    expect(await problems({})).toEqual([]);
    expect(
      await problems({
        region: "eu-west-1",
        endpoint: "http://localhost:4566",
        accountId: "123456789012",
        profile: "dev",
        allowInsecure: true,
      }),
    ).toEqual([]);
    expect((await problems({ regoin: "x" }))[0]).toContain("regoin");
  });

  test("say what is wrong with them", async () => {
    expect(await problems({ accountId: "12" })).toEqual([
      "accountId: must be the 12 digits of an AWS account, in quotes",
    ]);
    expect((await problems({ endpoint: "http://queues.internal" }))[0]).toContain(
      "endpoint: http://queues.internal is not encrypted",
    );
    expect((await problems({ client: "x" }))[0]).toContain("in code only");
    expect(await problems({ client: fakeClient(() => ({})), region: "x" })).toEqual([
      "region: cannot be combined with `client`; set it on the client",
    ]);
    expect(await problems({ receiveClient: fakeClient(() => ({})) })).toEqual(["receiveClient: needs `client` too"]);
  });
});

test("an outage, its end and throttling are reported once each", async () => {
  const script: unknown[] = [
    sdkError("Error", { code: "ECONNREFUSED" }),
    sdkError("Error", { code: "ECONNREFUSED" }),
    {},
    sdkError("RequestThrottled"),
  ];
  const answer = (called: Called): unknown => {
    if (called.action !== "PurgeQueue") return queues()(called);
    const next = script.shift();
    if (next instanceof Error) throw next;
    return next;
  };
  const events: DriverEvent[] = [];
  const connection = await open({ client: fakeClient(answer, endpoint(HOST)) }, (event) => events.push(event));
  const of = destination({ address: `${HOST}/123456789012/theirs` });
  for (let i = 0; i < 5; i++) await connection.purge!(of, never).catch(() => {});
  expect(events.map(({ type, id }) => [type, id])).toEqual([
    ["down", undefined],
    ["up", undefined],
    ["throttled", "theirs"],
    ["up", "theirs"],
  ]);
});

test("the server of a connection is its client's", async () => {
  const client = fakeClient(queues(), endpoint("https://sqs.eu-west-1.amazonaws.com"));
  const connection = await open({ client });
  connection.server!(destination());
  await new Promise(setImmediate);
  expect(connection.server!(destination())).toEqual({ address: "sqs.eu-west-1.amazonaws.com", port: 443 });
});
