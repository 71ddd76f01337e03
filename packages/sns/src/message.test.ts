import type { Delivery } from "@switchyard/core/driver";
import { describe, expect, test } from "vitest";
import { toPublishEntry, unwrap } from "./message.ts";

const ARN = "arn:aws:sns:eu-west-1:123456789012:orders";
const notification = (more: object = {}) => ({
  Type: "Notification",
  MessageId: "m-1",
  TopicArn: ARN,
  Message: '{"orderId":"o-1"}',
  Timestamp: "2026-06-01T12:00:00.000Z",
  ...more,
});
const delivery = (body: string, headers: Record<string, string> = {}): Delivery => ({
  id: "1",
  message: { body, headers },
  receipt: "r",
  raw: body,
});
const read = (body: object, topic = { name: "orders" }) => unwrap(delivery(JSON.stringify(body)), topic).message;

test("a notification of the channel's topic is read as what it carries", () => {
  const MessageAttributes = {
    type: { Type: "String", Value: "order.placed" },
    "X-Tenant": { Type: "String", Value: "t" },
  };
  const message = read(notification({ MessageAttributes }));
  expect(message).toMatchObject({ body: '{"orderId":"o-1"}', type: "order.placed" });
  expect({ ...message.headers }).toEqual({ "x-tenant": "t" });
});

test("a message whose body is stored elsewhere has its size as a number, as Amazon's extended clients write and read it", () => {
  const body = `["software.amazon.payloadoffloading.PayloadS3Pointer",{"s3BucketName":"b","s3Key":"k"}]`;
  const offloaded = { bytes: 300_000, attribute: "ExtendedPayloadSize" };
  expect(toPublishEntry("0", { body, headers: {}, offloaded }, false, () => "alone")).toEqual({
    Id: "0",
    Message: body,
    MessageAttributes: { ExtendedPayloadSize: { DataType: "Number", StringValue: "300000" } },
  });
  // Without raw delivery the attribute comes inside the notification.
  const MessageAttributes = { ExtendedPayloadSize: { Type: "Number", Value: "300000" } };
  const message = read(notification({ Message: body, MessageAttributes }));
  expect(message.body).toBe(body);
  expect({ ...message.headers }).toEqual({ extendedpayloadsize: "300000" });
});

test("raw and receipt stay the queue's", () => {
  const given = delivery(JSON.stringify(notification()));
  expect(unwrap(given, { name: "orders" })).toMatchObject({ raw: given.raw, receipt: "r", id: "1" });
});

describe("is left as it is:", () => {
  test.each([
    ["another topic's", notification({ TopicArn: "arn:aws:sns:eu-west-1:123456789012:other" })],
    ["one whose topic only ends alike", notification({ TopicArn: "arn:aws:sns:eu-west-1:123456789012:myorders" })],
    ["a confirmation", notification({ Type: "SubscriptionConfirmation" })],
    ["an order that has a Type", { Type: "Notification", orderId: "o-1" }],
    ["one without a message", notification({ Message: 5 })],
  ])("%s", (_what, body) => {
    expect(read(body).body).toBe(JSON.stringify(body));
  });

  test("one of another account, where the channel gives the topic by ARN", () => {
    const body = notification({ TopicArn: "arn:aws:sns:eu-west-1:999999999999:orders" });
    expect(unwrap(delivery(JSON.stringify(body)), { name: "orders", arn: ARN }).message.body).toBe(
      JSON.stringify(body),
    );
  });

  test("a raw delivery whose body poses as a notification: SNS sends no attributes with one", () => {
    const posing = JSON.stringify(notification());
    expect(unwrap(delivery(posing, { ce: "{}" }), { name: "orders" }).message.body).toBe(posing);
  });

  test("what is no JSON", () => {
    expect(unwrap(delivery('{"Notification"'), { name: "orders" }).message.body).toBe('{"Notification"');
  });
});
