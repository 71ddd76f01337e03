/** What users read when AWS, or something before it, refuses a call: against servers on the loopback, by the SDK's own clients. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemRuntime } from "@switchyard/core";
import type { Adapter, Connection, Destination } from "@switchyard/core/driver";
import { fromFault } from "@switchyard/core/driver-kit";
import { adapter as kinesis } from "@switchyard/kinesis";
import { dynamodbLeases } from "@switchyard/leases/dynamodb";
import { adapter as sns } from "@switchyard/sns";
import { adapter as sqs } from "@switchyard/sqs";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { never, queueOf } from "./support/sqs-queues.ts";

beforeEach(() => {
  vi.stubEnv("AWS_ACCESS_KEY_ID", "test");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "test");
});
afterEach(() => vi.unstubAllEnvs());

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

async function against<T>(
  adapter: Adapter<any, any>,
  answer: Answer,
  use: (connection: Connection, origin: string) => Promise<T>,
): Promise<T> {
  const server = createServer((request, response) => {
    request.resume().on("end", () => answer(request, response));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const connection = await adapter.open(
    { region: "eu-west-1", endpoint, accountId: "000000000000" },
    systemRuntime,
    () => {},
  );
  try {
    return await use(connection, endpoint);
  } finally {
    await connection.close();
    server.closeAllConnections();
    server.close();
  }
}

const page =
  (status: number): Answer =>
  (_, response) =>
    response.writeHead(status, { "content-type": "text/html" }).end("<html>no</html>");
const json =
  (status: number, type: string, message: string): Answer =>
  (_, response) =>
    response
      .writeHead(status, { "content-type": "application/x-amz-json-1.0" })
      .end(JSON.stringify({ __type: type, message }));
const xml =
  (status: number, code: string, message: string): Answer =>
  (_, response) =>
    response
      .writeHead(status, { "content-type": "text/xml" })
      .end(
        `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`,
      );

/** The error of opening a sender, as core tells it. */
async function refusal(adapter: Adapter<any, any>, of: Destination, answer: Answer) {
  return against(adapter, answer, async (connection, origin) => {
    const cause = await connection.sender(of, never).then(
      () => expect.unreachable("it was opened"),
      (error: unknown) => error,
    );
    return { error: fromFault(connection.classify(cause, "open"), "open", cause, {}), origin };
  });
}

const topic: Destination = { ...queueOf(), base: "shop-orders", model: "pubsub" };
const { group: _, ...publishing } = topic;
const stream: Destination = { ...publishing, name: "shop-orders", base: "shop-orders", model: "stream" };
const transports: [string, Adapter<any, any>, Destination, string][] = [
  ["sqs", sqs, { ...queueOf(), name: "shop-orders", ordered: true }, 'queue "shop-orders.fifo"'],
  ["sns", sns, { ...publishing, ordered: true }, 'topic "shop-orders.fifo"'],
  ["kinesis", kinesis, stream, 'stream "shop-orders"'],
];

test.each(transports)(
  "%s: the sentence names resource, region and endpoint, and ends with the service's words",
  async (name, adapter, of, resource) => {
    const answer =
      name === "sns"
        ? xml(403, "AuthorizationError", "You shall not pass")
        : json(400, "AccessDeniedException", "You shall not pass");
    const { error, origin } = await refusal(adapter, of, answer);
    expect(error).toMatchObject({ code: "access-denied", kind: "auth" });
    expect(error.message).toContain(`${resource} in eu-west-1 at ${origin}`);
    expect(error.message).toMatch(/; the service said "You shall not pass"$/);
  },
);

const refusals: [string, Adapter<any, any>, Destination, string, string, string][] = [
  ["sqs", sqs, transports[0]![2], "QueueDoesNotExist", "queue-not-found", "unroutable"],
  ["sqs", sqs, transports[0]![2], "InvalidAttributeName", "invalid-attribute", "invalid-attribute"],
  ["sqs", sqs, transports[0]![2], "SomethingNew", "refused", "refused"],
  ["sns", sns, transports[1]![2], "NotFound", "topic-not-found", "topic-not-found"],
  ["sns", sns, transports[1]![2], "SomethingNew", "refused", "refused"],
  ["kinesis", kinesis, stream, "ResourceNotFoundException", "stream-not-found", "unroutable"],
  ["kinesis", kinesis, stream, "InvalidArgumentException", "invalid-argument", "invalid-record"],
];

test.each(refusals)(
  "%s: every refusal names what it is about: %o",
  async (name, adapter, of, type, opening, sending) => {
    const answer = (name === "sns" ? xml : json)(name === "sns" ? 404 : 400, type, "the service\nsays why");
    await against(adapter, answer, async (connection, origin) => {
      const cause = await connection.sender(of, never).catch((error: unknown) => error);
      for (const [during, code] of [["open", opening] as const, ["send", sending] as const]) {
        const { message } = fromFault(connection.classify(cause, during), "publish", cause, {});
        expect(message).toMatch(new RegExp(`^publish: ${code};`));
        expect(message).toContain(`"shop-orders${of.ordered ? ".fifo" : ""}" in eu-west-1 at ${origin}`);
        expect(message).toMatch(/; the service said "the service says why"$/);
      }
    });
  },
);

test.each(transports)(
  "%s: a page of a proxy is never final, and is told with its status and the address",
  async (_name, adapter, of) => {
    for (const status of [400, 403, 404, 408, 500]) {
      const { error, origin } = await refusal(adapter, of, page(status));
      expect(error.kind).toBe("retryable");
      expect(error.message).toContain(`at ${origin}`);
      expect(error.message).toContain(`HTTP ${status}, text/html`);
    }
  },
);

test.each(transports)("%s: a clock that is off is no matter of credentials", async (name, adapter, of) => {
  const words = "Signature expired: 20260101T000000Z is now earlier than 20260101T010000Z";
  const answer =
    name === "sns" ? xml(403, "SignatureDoesNotMatch", words) : json(403, "InvalidSignatureException", words);
  const { error } = await refusal(adapter, of, answer);
  expect(error).toMatchObject({ code: "clock-skew", kind: "retryable" });
});

/** Forms of other parties that look most like the service's own. */
const imitations: [number, string, string][] = [
  [403, "application/json", '{"code":"AccessDenied","message":"blocked by the gateway"}'],
  [400, "application/json", '{"code":"Blocked","message":"blocked by the gateway"}'],
  [403, "application/json", '{"message":"Forbidden"}'],
  [404, "text/html", "<html><message>not here</message></html>"],
  [404, "text/xml", "<Error><Code>NoSuchBucket</Code><Message>not here</Message></Error>"],
  [200, "text/html", "<html>please sign in</html>"],
  [302, "text/html", "<html>please sign in</html>"],
];

test.each(transports)(
  "%s: what only looks like an answer of the service is never final",
  async (_name, adapter, of) => {
    for (const [status, type, body] of imitations) {
      const answer: Answer = (_, response) => response.writeHead(status, { "content-type": type }).end(body);
      const { error } = await refusal(adapter, of, answer);
      expect(error, `${status} ${body}`).toMatchObject({ kind: "retryable", code: "unexpected-answer" });
    }
  },
);

test("sqs: the SDK corrects its clock from the answer, so the next call of a machine whose clock is off is taken", async () => {
  const ahead = 3_600_000;
  const signedAt: number[] = [];
  const answer: Answer = (request, response) => {
    const [, y, mo, d, h, mi, s] = /(....)(..)(..)T(..)(..)(..)Z/.exec(String(request.headers["x-amz-date"]))!;
    signedAt.push(Date.UTC(Number(y), Number(mo) - 1, Number(d), Number(h), Number(mi), Number(s)));
    const now = Date.now() + ahead;
    response.setHeader("date", new Date(now).toUTCString());
    if (Math.abs(signedAt.at(-1)! - now) > 300_000)
      return json(403, "InvalidSignatureException", "Signature expired: 1 is now earlier than 2")(request, response);
    const asksUrl = String(request.headers["x-amz-target"]).endsWith("GetQueueUrl");
    const QueueUrl = `http://${request.headers.host}/000000000000/q`;
    const body = asksUrl ? { QueueUrl } : { Attributes: { QueueArn: "arn:aws:sqs:eu-west-1:000000000000:q" } };
    response.setHeader("content-type", "application/x-amz-json-1.0").end(JSON.stringify(body));
  };
  await against(sqs, answer, async (connection) => {
    const cause = await connection.sender(queueOf(), never).catch((error: unknown) => error);
    expect(connection.classify(cause, "open")).toMatchObject({ code: "clock-skew", kind: "retryable" });
    await expect(connection.sender(queueOf(), never)).resolves.toBeDefined();
  });
});

/** Keys by name in a credentials file, which is all that the SDK finds. */
async function withKeysFile(use: (write: (id: string) => Promise<void>) => Promise<void>): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), "switchyard-keys-"));
  const file = join(home, "credentials");
  for (const name of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]) vi.stubEnv(name, undefined);
  vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", file);
  vi.stubEnv("AWS_CONFIG_FILE", join(home, "none"));
  vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true");
  try {
    await use((id) => writeFile(file, `[default]\naws_access_key_id = ${id}\naws_secret_access_key = s\n`));
  } finally {
    await rm(home, { recursive: true });
  }
}

const keyOf = (request: IncomingMessage): string =>
  /Credential=(\w+)\//.exec(String(request.headers.authorization))?.[1] ?? "";

/** What each service says when a sender is opened. */
const opened: Record<string, Answer> = {
  sqs: (request, response) => {
    const asksUrl = String(request.headers["x-amz-target"]).endsWith("GetQueueUrl");
    const QueueUrl = `http://${request.headers.host}/000000000000/q`;
    const body = asksUrl ? { QueueUrl } : { Attributes: { QueueArn: "arn:aws:sqs:eu-west-1:000000000000:q" } };
    response.setHeader("content-type", "application/x-amz-json-1.0").end(JSON.stringify(body));
  },
  sns: (_, response) =>
    response
      .setHeader("content-type", "text/xml")
      .end(
        "<GetTopicAttributesResponse><GetTopicAttributesResult><Attributes><entry><key>FifoTopic</key><value>true</value></entry></Attributes></GetTopicAttributesResult></GetTopicAttributesResponse>",
      ),
  kinesis: (_, response) =>
    response
      .setHeader("content-type", "application/x-amz-json-1.1")
      .end(
        JSON.stringify({ StreamDescriptionSummary: { StreamName: "shop-orders", StreamStatus: "ACTIVE" }, Shards: [] }),
      ),
};

test.each(transports)(
  "%s: keys rotated in the credentials file are used by a running process",
  async (name, adapter, of) => {
    await withKeysFile(async (write) => {
      await write("OLDKEY");
      const seen = new Set<string>();
      let valid = "OLDKEY";
      const answer: Answer = (request, response) => {
        seen.add(keyOf(request));
        if (keyOf(request) === valid) return opened[name]!(request, response);
        const words = "The security token included in the request is invalid";
        const refuse = name === "sns" ? xml : json;
        refuse(403, name === "sns" ? "InvalidClientTokenId" : "UnrecognizedClientException", words)(request, response);
      };
      await against(adapter, answer, async (connection) => {
        const settled = (cause: unknown) => {
          // Of what comes after the credentials, nothing is of interest here.
          if (cause instanceof Error) expect(connection.classify(cause, "open").kind).not.toBe("auth");
        };
        await connection.sender(of, never).then(settled, settled);
        valid = "NEWKEY";
        await write("NEWKEY");
        // At once: whoever is refused after another has found the new keys is no worse off.
        for (const opening of Array.from({ length: 5 }, () => connection.sender(of, never)))
          await opening.then(settled, settled);
        expect(seen).toEqual(new Set(["OLDKEY", "NEWKEY"]));
        valid = "NOBODY";
        const cause = await connection.sender(of, never).catch((error: unknown) => error);
        expect(connection.classify(cause, "open")).toMatchObject({ kind: "auth", code: "credentials-refused" });
      });
    });
  },
);

test("the lease table's client uses rotated keys as well", async () => {
  await withKeysFile(async (write) => {
    await write("OLDKEY");
    let valid = "OLDKEY";
    const server = createServer((request, response) => {
      request.resume().on("end", () => {
        if (keyOf(request) !== valid) return json(400, "UnrecognizedClientException", "invalid")(request, response);
        response.setHeader("content-type", "application/x-amz-json-1.0").end("{}");
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const store = dynamodbLeases({ region: "eu-west-1", endpoint, table: "leases" });
    try {
      await store.get("1", never);
      valid = "NEWKEY";
      await write("NEWKEY");
      const both = [store.get("1", never), store.get("2", never)];
      await expect(Promise.all(both)).resolves.toEqual([undefined, undefined]);
      valid = "NOBODY";
      const cause = await store.get("1", never).catch((error: unknown) => error);
      expect(store.classify(cause)).toMatchObject({ kind: "auth", code: "credentials-refused" });
    } finally {
      await store.close();
      server.closeAllConnections();
      server.close();
    }
  });
});

test("a missing web-identity token file and a mistyped profile are told by name, at once", async () => {
  for (const name of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]) vi.stubEnv(name, undefined);
  vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true");
  vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials");
  vi.stubEnv("AWS_CONFIG_FILE", "/nonexistent/config");
  vi.stubEnv("AWS_WEB_IDENTITY_TOKEN_FILE", "/nonexistent/token");
  vi.stubEnv("AWS_ROLE_ARN", "arn:aws:iam::000000000000:role/r");
  const { error } = await refusal(sqs, queueOf(), page(500));
  expect(error).toMatchObject({ kind: "auth", code: "no-credentials" });
  expect(error.message).toContain("/nonexistent/token");
  vi.stubEnv("AWS_WEB_IDENTITY_TOKEN_FILE", undefined);
  vi.stubEnv("AWS_PROFILE", "prdo");
  const mistyped = await refusal(sqs, queueOf(), page(500));
  expect(mistyped.error).toMatchObject({ kind: "auth", code: "no-credentials" });
  expect(mistyped.error.message).toContain("prdo");
});

test("a queue URL of another host is fine where the endpoint itself gave it and the client is ours", async () => {
  const answer: Answer = (request, response) => {
    const asksUrl = String(request.headers["x-amz-target"]).endsWith("GetQueueUrl");
    const QueueUrl = "http://sqs.eu-west-1.localhost.localstack.cloud:4566/000000000000/q";
    const body = asksUrl ? { QueueUrl } : { Attributes: { QueueArn: "arn:aws:sqs:eu-west-1:000000000000:q" } };
    response.setHeader("content-type", "application/x-amz-json-1.0").end(JSON.stringify(body));
  };
  await expect(against(sqs, answer, (connection) => connection.sender(queueOf(), never))).resolves.toBeDefined();
});
