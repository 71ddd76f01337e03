/**
 * The fixtures are what Amazon's libraries write, from their sources: amazon-sqs-java-extended-client-lib 2.1.2 with
 * payloadoffloading-common 2.2.0 (Jackson), amazon-sqs-python-extended-client-lib 1.0.1 (json.dumps).
 */
import { describe, expect, test } from "vitest";
import { amazonPointer, ownPointer, readAmazonPointer, SIZE_ATTRIBUTES } from "./pointer.ts";

const NEW = "software.amazon.payloadoffloading.PayloadS3Pointer";
const LEGACY = "com.amazon.sqs.javamessaging.MessageS3Pointer";
const KEY = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";

const JAVA = `["${NEW}",{"s3BucketName":"acme-big","s3Key":"${KEY}"}]`;
const JAVA_1 = `["${LEGACY}",{"s3BucketName":"acme-big","s3Key":"${KEY}"}]`;
const PYTHON = `["${NEW}", {"s3BucketName": "acme-big", "s3Key": "${KEY}"}]`;
const PYTHON_LEGACY = `["${LEGACY}", {"s3BucketName": "acme-big", "s3Key": "${KEY}"}]`;

test("what is written is byte for byte what Java writes", () => {
  const place = { bucket: "acme-big", key: KEY };
  expect(amazonPointer(place, "new")).toBe(JAVA);
  expect(amazonPointer(place, "legacy")).toBe(JAVA_1);
  expect(SIZE_ATTRIBUTES).toEqual({ new: "ExtendedPayloadSize", legacy: "SQSLargePayloadSize" });
});

describe("is read:", () => {
  test.each([
    ["Java 2, by default", JAVA, "sqslargepayloadsize"],
    ["Java 2, and SNS in Java", JAVA, "extendedpayloadsize"],
    ["Java 1", JAVA_1, "sqslargepayloadsize"],
    ["the fourth pair", JAVA_1, "extendedpayloadsize"],
    ["Python", PYTHON, "extendedpayloadsize"],
    ["Python with use_legacy_attribute", PYTHON_LEGACY, "sqslargepayloadsize"],
  ])("%s", (_what, body, attribute) => {
    const pointer = { bucket: "acme-big", key: KEY, bytes: 300_000 };
    expect(readAmazonPointer(body, { [attribute]: "300000" })).toEqual(pointer);
    expect(readAmazonPointer(Buffer.from(body), { [attribute]: "300000" })).toEqual(pointer);
  });

  test.each(["", "-1", "1e9", "0x10", " 5", "9".repeat(16), "NaN"])("a size of %j is unknown", (size) => {
    expect(readAmazonPointer(JAVA, { extendedpayloadsize: size })).toEqual({ bucket: "acme-big", key: KEY });
  });
});

describe("is another message:", () => {
  const size = { extendedpayloadsize: "300000" };
  test.each([
    ["without the attribute", JAVA, {}],
    ["no JSON", JAVA.slice(1), size],
    ["an object", `{"s3BucketName":"a","s3Key":"b"}`, size],
    ["another class", JAVA.replace("PayloadS3Pointer", "Runtime"), size],
    ["three parts", JAVA.replace("]", ",1]"), size],
    ["null for the pointer", `["${NEW}",null]`, size],
    ["a number for the key", `["${NEW}",{"s3BucketName":"a","s3Key":1}]`, size],
    ["no bucket", `["${NEW}",{"s3Key":"b"}]`, size],
    ["longer than any pointer", JAVA + " ".repeat(5_000), size],
  ])("%s", (_what, body, headers: Record<string, string>) => {
    expect(readAmazonPointer(body, headers)).toBeUndefined();
  });
});

test("other stores have a form of their own", () => {
  expect(ownPointer("folder", { bucket: "claims", key: "a/b" })).toBe('{"dataref":"folder://claims/a/b"}');
});
