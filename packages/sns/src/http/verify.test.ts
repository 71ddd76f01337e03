import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { type MessagingError, systemRuntime } from "@switchyard/core";
import { describe, expect, test, vi } from "vitest";
import {
  CERTIFICATE_URL,
  type MessageType,
  NOW,
  posted,
  sign,
  type Signer,
  signer,
  TOPIC,
} from "../fixtures/signing.ts";
import {
  snsHandler,
  type SnsHandlerOptions,
  type SnsNotification,
  snsNodeHandler,
  verifySnsMessage,
  type VerifyOptions,
} from "./index.ts";

const aws = signer();
const runtime = { ...systemRuntime, now: () => NOW };
const TYPES: readonly MessageType[] = ["Notification", "SubscriptionConfirmation", "UnsubscribeConfirmation"];

function options(more: Partial<VerifyOptions> = {}, by: Signer = aws) {
  const certificate = vi.fn<(url: URL) => Promise<string>>(async () => by.pem);
  return { topic: TOPIC, runtime, certificate, ...more };
}
const refusal = (code: string, kind: string) => expect.objectContaining({ name: "MessagingError", code, kind });

describe.each(TYPES)("%s", (type) => {
  test.each(["1", "2"] as const)("with a genuine signature of version %s is read", async (version) => {
    const message = sign(posted(type), aws, version);
    const read = await verifySnsMessage(JSON.stringify(message), options());
    expect(read).toMatchObject({ type, topicArn: TOPIC, message: message["Message"], signatureVersion: version });
    expect(read.timestamp.getTime()).toBe(NOW - 1_000);
  });

  test("changed in any signed field after signing is refused", async () => {
    const message = sign(posted(type), aws);
    for (const field of type === "Notification"
      ? ["Message", "MessageId"]
      : ["Message", "MessageId", "Token", "SubscribeURL"]) {
      const other = field === "MessageId" ? "00000000-2a5c-472c-8df2-7ff2be2b3b1b" : `${String(message[field])}x`;
      const forged = { ...message, [field]: other };
      await expect(verifySnsMessage(forged, options())).rejects.toEqual(refusal("sns-bad-signature", "auth"));
    }
  });

  test("signed by another key, or by none, is refused", async () => {
    const other = sign(posted(type), signer());
    await expect(verifySnsMessage(other, options())).rejects.toEqual(refusal("sns-bad-signature", "auth"));
    const { Signature: _signature, ...unsigned } = other;
    await expect(verifySnsMessage(unsigned, options())).rejects.toEqual(refusal("sns-bad-message", "permanent"));
  });
});

test("a subject is signed where there is one, and read; attributes are read", async () => {
  const MessageAttributes = { type: { Type: "String", Value: "order.placed" } };
  const message = sign(posted("Notification", { Subject: "an order", MessageAttributes }), aws);
  const read = await verifySnsMessage(message, options());
  expect(read).toMatchObject({ subject: "an order", attributes: { type: "order.placed" } });
  await expect(verifySnsMessage({ ...message, Subject: "forged" }, options())).rejects.toEqual(
    refusal("sns-bad-signature", "auth"),
  );
});

test("a signature of one version does not pass as the other; a version can be refused", async () => {
  const message = { ...sign(posted("Notification"), aws, "1"), SignatureVersion: "2" };
  await expect(verifySnsMessage(message, options())).rejects.toEqual(refusal("sns-bad-signature", "auth"));
  const old = sign(posted("Notification"), aws, "1");
  await expect(verifySnsMessage(old, options({ signatureVersions: ["2"] }))).rejects.toEqual(
    refusal("sns-bad-message", "permanent"),
  );
});

test.each([
  "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem",
  "https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-0.pem",
  "https://evil.example/SimpleNotificationService-0.pem",
  "https://sns.eu-west-1.amazonaws.com@evil.example/SimpleNotificationService-0.pem",
  "https://sns.eu-west-1.amazonaws.com:8443/SimpleNotificationService-0.pem",
  "https://mybucket.s3.amazonaws.com/SimpleNotificationService-0.pem",
  "https://sns.eu-west-1.amazonaws.com/other.pem",
  "https://sns.eu-west-1.amazonaws.com/../SimpleNotificationService-0.pem?x",
  "not a url",
])("a certificate at %s is never fetched", async (SigningCertURL) => {
  const given = options();
  const message = sign(posted("Notification", { SigningCertURL }), aws);
  await expect(verifySnsMessage(message, given)).rejects.toEqual(refusal("sns-foreign-certificate", "auth"));
  expect(given.certificate).not.toHaveBeenCalled();
});

describe("hosts of a partition that is not known here", () => {
  const at = (host: string) =>
    sign(posted("Notification", { SigningCertURL: `https://${host}/SimpleNotificationService-0a.pem` }), aws);

  test.each([
    ["sns.moon-north-1.moon.example", ".moon.example"],
    ["sns-fips.moon-north-1.moon.example", ".moon.example"],
    ["certificates.moon.example", "certificates.moon.example"],
  ])("%s is taken by %s, and not without", async (host, entry) => {
    await expect(verifySnsMessage(at(host), options({ trustedHosts: [entry] }))).resolves.toBeDefined();
    await expect(verifySnsMessage(at(host), options())).rejects.toEqual(refusal("sns-foreign-certificate", "auth"));
  });

  test.each([
    ["bucket.s3.moon-north-1.moon.example", ".moon.example"],
    ["sns.moon-north-1.evilmoon.example", ".moon.example"],
    ["sns.moon-north-1.moon.example.evil.example", ".moon.example"],
    ["sub.certificates.moon.example", "certificates.moon.example"],
    ["certificates.moon.example:8443", "certificates.moon.example"],
  ])("%s is not taken by %s", async (host, entry) => {
    const given = options({ trustedHosts: [entry] });
    await expect(verifySnsMessage(at(host), given)).rejects.toEqual(refusal("sns-foreign-certificate", "auth"));
    expect(given.certificate).not.toHaveBeenCalled();
  });

  test("a certificate may be issued to such a host too, to no other", async () => {
    const trustedHosts = [".moon.example"];
    for (const [subject, good] of [
      ["sns.moon.example", true],
      ["sns.sun.example", false],
    ] as const) {
      const by = signer({ subject });
      const verified = verifySnsMessage(sign(posted("Notification"), by), options({ trustedHosts }, by));
      if (good) await expect(verified).resolves.toBeDefined();
      else await expect(verified).rejects.toEqual(refusal("sns-bad-certificate", "auth"));
    }
  });

  test("an entry that is no host is refused when the handler is made", () => {
    for (const entry of [
      "*.moon.example",
      "https://moon.example",
      "moon.example:443",
      ".example",
      "Moon.example",
      "",
    ]) {
      const handler = () => snsHandler({ ...options({ trustedHosts: [entry] }), onNotification: () => {} });
      expect(handler).toThrow(refusal("bad-option", "config"));
    }
  });
});

test("regions of all partitions have certificates", async () => {
  for (const host of [
    "sns.us-gov-west-1.amazonaws.com",
    "sns.cn-north-1.amazonaws.com.cn",
    "sns.eusc-de-east-1.amazonaws.eu",
    "sns.us-iso-east-1.c2s.ic.gov",
    "sns.eu-west-1.api.aws",
    "sns-fips.us-east-1.amazonaws.com",
    "sns.ap-southeast-4.amazonaws.com",
  ]) {
    const SigningCertURL = `https://${host}/SimpleNotificationService-0a.pem`;
    await expect(
      verifySnsMessage(sign(posted("Notification", { SigningCertURL }), aws), options()),
    ).resolves.toBeDefined();
  }
});

test("another topic is refused, though the signature is genuine; several may be expected", async () => {
  const TopicArn = "arn:aws:sns:eu-west-1:999999999999:theirs";
  const message = sign(posted("Notification", { TopicArn }), aws);
  const given = options();
  await expect(verifySnsMessage(message, given)).rejects.toEqual(refusal("sns-wrong-topic", "auth"));
  expect(given.certificate).not.toHaveBeenCalled();
  await expect(verifySnsMessage(message, options({ topic: [TOPIC, TopicArn] }))).resolves.toBeDefined();
});

test("a replayed message is refused once it is too old, and one from the future", async () => {
  const at = (ms: number) => sign(posted("Notification", { Timestamp: new Date(NOW + ms).toISOString() }), aws);
  await expect(verifySnsMessage(at(-3_599_000), options())).resolves.toBeDefined();
  await expect(verifySnsMessage(at(-3_601_000), options())).rejects.toEqual(refusal("sns-too-old", "permanent"));
  await expect(verifySnsMessage(at(-61_000), options({ maxAge: "1m" }))).rejects.toEqual(
    refusal("sns-too-old", "permanent"),
  );
  await expect(verifySnsMessage(at(301_000), options())).rejects.toEqual(refusal("sns-too-old", "permanent"));
});

test.each([
  ["expired", signer({ to: new Date(NOW - 1_000) })],
  ["not valid yet", signer({ from: new Date(NOW + 60_000) })],
  ["of somebody else", signer({ subject: "evil.example" })],
  ["of a name like SNS's", signer({ subject: "sns.amazonaws.com.evil.example" })],
])("a certificate that is %s is refused", async (_what, by) => {
  const message = sign(posted("Notification"), by);
  await expect(verifySnsMessage(message, options({}, by))).rejects.toEqual(refusal("sns-bad-certificate", "auth"));
});

test("a certificate is fetched once, and again after it could not be", async () => {
  const certificate = vi
    .fn<(url: URL) => Promise<string>>(async () => aws.pem)
    .mockRejectedValueOnce(new Error("offline"));
  const message = sign(posted("Notification"), aws);
  const failed = verifySnsMessage(message, options({ certificate }));
  await expect(failed).rejects.toEqual(refusal("sns-certificate-unavailable", "retryable"));
  await verifySnsMessage(message, options({ certificate }));
  await verifySnsMessage(message, options({ certificate }));
  expect(certificate).toHaveBeenCalledTimes(2);
  expect(String(certificate.mock.calls[0]![0])).toBe(CERTIFICATE_URL);
});

test("a certificate that is none is refused", async () => {
  const certificate = async () => "<html>";
  const read = verifySnsMessage(sign(posted("Notification"), aws), options({ certificate }));
  await expect(read).rejects.toEqual(refusal("sns-bad-certificate", "auth"));
});

describe("a genuine post whose signed text is cut anew", () => {
  const OLD = { MessageId: "165545c9-2a5c-472c-8df2-7ff2be2b3b1b", Timestamp: "2026-05-01T00:00:00.000Z" };
  const FRESH = new Date(NOW - 1_000).toISOString();

  test("cannot be given a new age and id", async () => {
    const genuine = sign(posted("Notification", OLD), aws);
    // The old text's own lines become the end of the message, and lines within a field the new borders.
    const Message = `${String(genuine["Message"])}\nMessageId\n${OLD.MessageId}`;
    const cuts = [
      { Message, MessageId: `x\nTimestamp\n${OLD.Timestamp}`, Timestamp: FRESH },
      { Message: "", MessageId: `${String(genuine["Message"])}\nMessageId\n${OLD.MessageId}`, Timestamp: FRESH },
      { Timestamp: `${FRESH} (\n${OLD.Timestamp})` },
      { Subject: `x\nTimestamp\n${FRESH}` },
    ];
    for (const cut of cuts)
      await expect(verifySnsMessage({ ...genuine, ...cut }, options())).rejects.toEqual(
        refusal("sns-bad-message", "permanent"),
      );
  });

  test("is refused also where the lines were published by the attacker", async () => {
    // Published as one message, its text holds borders of its own; the true ones follow, in a field they must not be in.
    const inner = `hello\nMessageId\n${OLD.MessageId}\nTimestamp\n${FRESH}`;
    const genuine = sign(posted("Notification", { ...OLD, Message: inner }), aws);
    const TopicArn = `x\nMessageId\n${OLD.MessageId}\nTimestamp\n${OLD.Timestamp}\nTopicArn\n${TOPIC}`;
    const cut = { ...genuine, Message: "hello", Timestamp: FRESH, TopicArn };
    await expect(verifySnsMessage(cut, options({ topic: TopicArn }))).rejects.toEqual(
      refusal("sns-bad-message", "permanent"),
    );
  });
});

test.each([
  ["MessageId", "no uuid"],
  ["MessageId", ""],
  ["Timestamp", "1"],
  ["Timestamp", "June 1, 2026 12:00"],
  ["Timestamp", "2026-06-01T12:00:00.000+00:00"],
  ["Timestamp", "2026-13-41T12:00:00.000Z"],
  ["Subject", null],
  ["Subject", 7],
  ["TopicArn", `${TOPIC}\n`],
])("%s %j is not of the form SNS writes", async (field, value) => {
  const message = sign(posted("Notification", { [field]: value }), aws);
  await expect(verifySnsMessage(message, options())).rejects.toEqual(refusal("sns-bad-message", "permanent"));
});

test("what a stranger wrote stands in a refusal on one line, quoted and clipped", async () => {
  const TopicArn = `arn:${"x".repeat(5_000)}`;
  const message = sign(posted("Notification", { TopicArn }), aws);
  const error: MessagingError = await verifySnsMessage(message, options()).catch((refused) => refused);
  expect(error.code).toBe("sns-wrong-topic");
  expect(error.message.length).toBeLessThan(400);
});

describe("unsigned posts", () => {
  const url = (n: number) => `https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-${n}.pem`;
  const unsigned = (n: number) => ({ ...sign(posted("Notification"), aws), SigningCertURL: url(n) });

  test("make no more than four fetches at once, and none for the rest", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const certificate = vi.fn<(asked: URL) => Promise<string>>(async () => {
      await promise;
      return signer().pem;
    });
    const given = options({ certificate });
    const answers = Array.from({ length: 2_000 }, (_, n) => verifySnsMessage(unsigned(n), given).catch((e) => e.code));
    resolve();
    const codes = await Promise.all(answers);
    expect(certificate).toHaveBeenCalledTimes(4);
    expect(codes.filter((code) => code === "sns-certificate-unavailable")).toHaveLength(1_996);
    expect(codes.filter((code) => code === "sns-bad-signature")).toHaveLength(4);
  });

  test("do not evict the certificate that has verified messages", async () => {
    const certificate = vi.fn<(asked: URL) => Promise<string>>(async () => aws.pem);
    const given = options({ certificate });
    await verifySnsMessage(sign(posted("Notification"), aws), given);
    const forged = { Message: "forged" };
    for (let n = 0; n < 50; n++) await verifySnsMessage({ ...unsigned(n), ...forged }, given).catch(() => {});
    certificate.mockClear();
    await verifySnsMessage(sign(posted("Notification"), aws), given);
    expect(certificate).not.toHaveBeenCalled();
  });

  test("do not fetch again what failed twice in a row, for a minute", async () => {
    let now = NOW;
    const moving = { ...systemRuntime, now: () => now };
    const certificate = vi.fn<(asked: URL) => Promise<string>>(() => Promise.reject(new Error("HTTP 403")));
    const given = options({ certificate, runtime: moving });
    for (let n = 0; n < 10; n++)
      await expect(verifySnsMessage(unsigned(1), given)).rejects.toEqual(
        refusal("sns-certificate-unavailable", "retryable"),
      );
    expect(certificate).toHaveBeenCalledTimes(2);
    now += 60_001;
    certificate.mockResolvedValue(aws.pem);
    await expect(verifySnsMessage(unsigned(1), given)).resolves.toBeDefined();
  });
});

test.each(["", "[]", "null", "{}", '"text"', '{"Type":"Notification"}', '{"Type":"Other"}', "{"])(
  "%j is no message",
  async (body) => {
    await expect(verifySnsMessage(body, options())).rejects.toEqual(refusal("sns-bad-message", "permanent"));
  },
);

describe("the handler", () => {
  const handled = (more: Partial<SnsHandlerOptions> = {}) => {
    const mocks = {
      onNotification: vi.fn<(notification: SnsNotification) => void>(),
      visit: vi.fn<(url: URL) => Promise<void>>(async () => {}),
      onRefused: vi.fn<(error: MessagingError) => void>(),
    };
    const given: SnsHandlerOptions = { ...options(), ...mocks, ...more };
    const handle = snsHandler(given);
    const post = async (body: unknown, headers: Record<string, string> = {}) => {
      const text = typeof body === "string" ? body : JSON.stringify(body);
      const init = { method: "POST", body: text, headers: { "content-type": "text/plain", ...headers } };
      return (await handle(new Request("https://my.example/sns", init))).status;
    };
    return { ...mocks, handle, post };
  };

  test("hands a genuine notification on and answers 200", async () => {
    const { post, onNotification } = handled();
    expect(await post(sign(posted("Notification"), aws))).toBe(200);
    expect(onNotification).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ type: "Notification", topicArn: TOPIC }),
    );
  });

  test("confirms a subscription to the expected topic, by visiting SNS", async () => {
    const { post, visit, onNotification } = handled();
    const message = sign(posted("SubscriptionConfirmation"), aws);
    expect(await post(message)).toBe(200);
    expect(visit).toHaveBeenCalledOnce();
    expect(String(visit.mock.calls[0]![0])).toBe(new URL(message["SubscribeURL"] as string).href);
    expect(onNotification).not.toHaveBeenCalled();
  });

  test("visits nothing that is not SNS's confirmation of that topic, though the signature is genuine", async () => {
    const { post, visit, onRefused } = handled();
    for (const SubscribeURL of [
      "https://evil.example/?Action=ConfirmSubscription",
      `http://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=${TOPIC}`,
      `https://sns.eu-west-1.amazonaws.com/?Action=DeleteTopic&TopicArn=${TOPIC}`,
      "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=arn:aws:sns:eu-west-1:999999999999:x",
    ])
      expect(await post(sign(posted("SubscriptionConfirmation", { SubscribeURL }), aws))).toBe(403);
    expect(visit).not.toHaveBeenCalled();
    expect(onRefused).toHaveBeenCalledTimes(4);
  });

  test("leaves a subscription unconfirmed where told to, and does not renew an ended one", async () => {
    const onUnsubscribed = vi.fn<() => void>();
    const { post, visit } = handled({ confirm: () => false, onUnsubscribed });
    expect(await post(sign(posted("SubscriptionConfirmation"), aws))).toBe(200);
    expect(await post(sign(posted("UnsubscribeConfirmation"), aws))).toBe(200);
    expect(visit).not.toHaveBeenCalled();
    expect(onUnsubscribed).toHaveBeenCalledOnce();
  });

  test("answers so that SNS sends again what is only not possible now", async () => {
    const message = sign(posted("Notification"), aws);
    const failing = handled({ onNotification: () => Promise.reject(new Error("database")) });
    expect(await failing.post(message)).toBe(500);
    const offline = handled({ certificate: () => Promise.reject(new Error("offline")) });
    expect(await offline.post(message)).toBe(503);
    const unconfirmed = handled({ visit: () => Promise.reject(new Error("offline")) });
    expect(await unconfirmed.post(sign(posted("SubscriptionConfirmation"), aws))).toBe(503);
  });

  test("answers though a callback of the user throws or rejects", async () => {
    const said = vi.spyOn(console, "error").mockImplementation(() => {});
    const failures: readonly (() => unknown)[] = [
      () => {
        throw new Error("log is full");
      },
      () => Promise.reject(new Error("metrics are down")),
    ];
    for (const fail of failures) {
      const { post } = handled({ onRefused: fail as () => void });
      expect(await post({ ...sign(posted("Notification"), aws), Message: "forged" })).toBe(403);
      const confirming = handled({ confirm: fail as () => boolean, onUnsubscribed: fail });
      expect(await confirming.post(sign(posted("SubscriptionConfirmation"), aws))).toBe(500);
      expect(await confirming.post(sign(posted("UnsubscribeConfirmation"), aws))).toBe(500);
    }
    expect(said).toHaveBeenCalledTimes(2);
    said.mockRestore();
  });

  test("refuses what is forged, raw, too large or no POST, with the reason for a log", async () => {
    const { post, handle, onNotification, onRefused } = handled();
    expect(await post({ ...sign(posted("Notification"), aws), Message: "forged" })).toBe(403);
    expect(await post('{"orderId":"o-1"}', { "x-amz-sns-rawdelivery": "true" })).toBe(400);
    expect(await post("x".repeat(2 * 1_048_576 + 1))).toBe(413);
    expect((await handle(new Request("https://my.example/sns"))).status).toBe(405);
    expect(onNotification).not.toHaveBeenCalled();
    expect(onRefused.mock.calls.map(([error]) => error.code)).toEqual([
      "sns-bad-signature",
      "sns-raw-delivery",
      "sns-body-too-large",
    ]);
  });

  test("leaves a response alone that a framework's time limit has sent meanwhile", async () => {
    const message = JSON.stringify(sign(posted("Notification"), aws));
    const writeHead = vi.fn<() => void>(() => {
      throw new Error("ERR_HTTP_HEADERS_SENT");
    });
    const incoming = { method: "POST", headers: {}, body: message };
    const handle = snsNodeHandler({ ...options(), onNotification: () => {} });
    await expect(handle(incoming as never, { headersSent: true, writeHead } as never)).resolves.toBeUndefined();
    expect(writeHead).not.toHaveBeenCalled();
  });

  test("is there for node:http as well, also behind a framework that has read the body", async () => {
    const onNotification = vi.fn<() => void>();
    const handle = snsNodeHandler({ ...options(), onNotification });
    const server = createServer((incoming, response) => {
      if (incoming.url === "/parsed") {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        incoming.on(
          "end",
          () => void handle(Object.assign(incoming, { body: Buffer.concat(chunks).toString() }), response),
        );
      } else void handle(incoming, response);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const post = (path: string, body: unknown, method = "POST") =>
      new Promise<number | undefined>((resolve, reject) => {
        const sending = request({ port, host: "127.0.0.1", path, method }, (answer) => {
          answer.resume();
          resolve(answer.statusCode);
        });
        sending.on("error", reject);
        sending.end(method === "POST" ? JSON.stringify(body) : undefined);
      });
    const message = sign(posted("Notification"), aws);
    expect(await post("/", message)).toBe(200);
    expect(await post("/parsed", message)).toBe(200);
    expect(await post("/", { ...message, Message: "forged" })).toBe(403);
    expect(await post("/", message, "GET")).toBe(405);
    expect(onNotification).toHaveBeenCalledTimes(2);
    server.close();
  });
});
