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
} from "../testing/signing.ts";
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
      const forged = { ...message, [field]: `${String(message[field])}x` };
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

test("regions of all partitions have certificates", async () => {
  for (const host of [
    "sns.us-gov-west-1.amazonaws.com",
    "sns.cn-north-1.amazonaws.com.cn",
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
