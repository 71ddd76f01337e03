import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromReceived, refusal, sizeOf, toEntry, toId } from "./message.ts";

const alone = () => "alone-1";
const received = (attributes: Record<string, any>, system: Record<string, string> = {}) =>
  fromReceived({ Body: "b", MessageAttributes: attributes, Attributes: system }, false);

describe("a message on the wire", () => {
  test("comes back as it was sent", () => {
    const message = {
      body: '{"a":1}',
      headers: { ce: '{"id":"1"}', traceparent: "00-1", tracestate: "v=1" },
      type: "order.placed",
    };
    const entry = toEntry("0", message, false, alone);
    expect(Object.keys(entry.MessageAttributes!)).toEqual(["type", "ce", "traceparent", "tracestate"]);
    expect(fromReceived({ Body: entry.MessageBody, MessageAttributes: entry.MessageAttributes }, false)).toEqual(
      message,
    );
  });

  test("of any well-formed text is either refused or takes only characters SQS takes, and counts as SQS counts", () => {
    const text = fc.string({ unit: "binary", maxLength: 40 });
    const message = fc.record({
      body: text,
      headers: fc.dictionary(fc.stringMatching(/^[a-z0-9-]{1,8}$/), text, { maxKeys: 12 }),
    });
    fc.assert(
      fc.property(message, (candidate) => {
        const entry = toEntry("0", candidate, false, alone);
        const values = Object.values(entry.MessageAttributes ?? {}).map((attribute) => attribute.StringValue!);
        const allowed = /^[\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]+$/u;
        const acceptable = [entry.MessageBody, ...values].every((value) => allowed.test(value)) && values.length <= 10;
        expect(refusal(candidate, false) === undefined).toBe(acceptable);
        let bytes = new TextEncoder().encode(entry.MessageBody).length;
        for (const [name, { DataType, StringValue }] of Object.entries(entry.MessageAttributes ?? {})) {
          bytes += new TextEncoder().encode(name + DataType + StringValue).length;
        }
        expect(sizeOf(candidate)).toBe(bytes);
      }),
    );
  });

  test.each([
    ["bytes", { body: new Uint8Array([1]), headers: {} }, "binary-body"],
    ["an empty body", { body: "", headers: {} }, "empty-body"],
    ["NUL", { body: "a\u0000", headers: {} }, "invalid-characters"],
    ["U+FFFE", { body: "a\uFFFE", headers: {} }, "invalid-characters"],
    ["half a surrogate pair", { body: "a\uD83D", headers: {} }, "invalid-characters"],
    ["a control character in a header", { body: "b", headers: { a: "\u001b" } }, "bad-header"],
    ["an empty header", { body: "b", headers: { a: "" } }, "bad-header"],
    ["an empty type", { body: "b", headers: {}, type: "" }, "bad-header"],
    ["a header that hides the type", { body: "b", headers: { type: "a" }, type: "b" }, "bad-header"],
    ["a reserved header name", { body: "b", headers: { "aws.x": "1" } }, "bad-header"],
    ["two dots in a header name", { body: "b", headers: { "a..b": "1" } }, "bad-header"],
    ["a dot at the end of a header name", { body: "b", headers: { "a.": "1" } }, "bad-header"],
    ["a delay beyond 15 minutes", { body: "b", headers: {}, delayMs: 900_001 }, "delay-too-long"],
    [
      "eleven attributes",
      { body: "b", type: "t", headers: Object.fromEntries([..."abcdefghij"].map((name) => [name, "1"])) },
      "too-many-headers",
    ],
  ])("with %s is refused before any call", (_, message, code) => {
    expect(refusal(message, false)).toMatchObject({ code, kind: "permanent" });
  });

  test("takes ten attributes, emoji, tabs and line ends", () => {
    const headers = Object.fromEntries([..."abcdefghi"].map((name) => [name, "1"]));
    expect(refusal({ body: "😀\t\r\n\u007f", headers, type: "t" }, false)).toBeUndefined();
  });

  test("is delayed in whole seconds, never less than asked, and not at all one by one on FIFO", () => {
    expect(toEntry("0", { body: "b", headers: {}, delayMs: 1_001 }, false, alone).DelaySeconds).toBe(2);
    expect(toEntry("0", { body: "b", headers: {} }, false, alone)).not.toHaveProperty("DelaySeconds");
    expect(refusal({ body: "b", headers: {}, delayMs: 1 }, true)?.code).toBe("delay-unsupported");
  });

  test("carries its key and dedup on FIFO, its fairness on standard queues", () => {
    const message = { body: "b", headers: {}, key: "customer 1", dedup: "id:0", fairness: "tenant" };
    const fifo = toEntry("0", message, true, alone);
    expect(fifo).toMatchObject({ MessageGroupId: toId("customer 1"), MessageDeduplicationId: "id:0" });
    expect(toEntry("0", message, false, alone)).toEqual({ Id: "0", MessageBody: "b", MessageGroupId: "tenant" });
    expect(fromReceived({ Body: "b", Attributes: { MessageGroupId: "g" } }, true)).toMatchObject({ key: "g" });
    expect(fromReceived({ Body: "b", Attributes: { MessageGroupId: "g" } }, false)).toMatchObject({ fairness: "g" });
  });

  test("without a key waits for no other on FIFO", () => {
    expect(toEntry("0", { body: "b", headers: {}, dedup: "id:0" }, true, alone).MessageGroupId).toBe("id:0");
    expect(toEntry("0", { body: "b", headers: {} }, true, alone).MessageGroupId).toBe("alone-1");
  });

  test("as a dead letter waits for no other on FIFO; a copy without our fields keeps its key, which stands nowhere else", () => {
    const message = { body: "b", headers: { ce: "{}" }, key: "customer", dedup: "id:1" };
    const own = () => "its-own";
    expect(toEntry("0", message, true, alone, own).MessageGroupId).toBe("its-own");
    expect(toEntry("0", { ...message, headers: {} }, true, alone, own).MessageGroupId).toBe("customer");
    expect(toEntry("0", message, true, alone).MessageGroupId).toBe("customer");
  });
});

describe("a message whose body is stored elsewhere", () => {
  const NEW = "software.amazon.payloadoffloading.PayloadS3Pointer";
  const pointer = `["${NEW}",{"s3BucketName":"acme-msgs","s3Key":"p/28d/orders/1.ab"}]`;
  const offloaded = { bytes: 300_000, attribute: "ExtendedPayloadSize" };
  const message = { body: pointer, headers: { ce: "{}" }, type: "order.placed", offloaded };

  test("has its size as a number, as Amazon's extended clients for Java and Python write it", () => {
    const entry = toEntry("0", message, false, alone);
    expect(entry.MessageBody).toBe(pointer);
    expect(entry.MessageAttributes).toEqual({
      type: { DataType: "String", StringValue: "order.placed" },
      ce: { DataType: "String", StringValue: "{}" },
      ExtendedPayloadSize: { DataType: "Number", StringValue: "300000" },
    });
    const legacy = { ...message, offloaded: { bytes: 5, attribute: "SQSLargePayloadSize" } };
    expect(toEntry("0", legacy, true, alone).MessageAttributes).toMatchObject({
      SQSLargePayloadSize: { DataType: "Number", StringValue: "5" },
    });
  });

  test("counts that attribute as SQS does: name, type and value", () => {
    const { offloaded: _, ...without } = message;
    expect(sizeOf(message) - sizeOf(without)).toBe("ExtendedPayloadSize".length + "Number".length + "300000".length);
  });

  test("takes nine other attributes and no tenth", () => {
    const headers = Object.fromEntries([..."abcdefgh"].map((name) => [name, "1"]));
    expect(refusal({ ...message, headers }, false)).toBeUndefined();
    expect(refusal({ ...message, headers: { ...headers, i: "1" } }, false)).toMatchObject({
      code: "too-many-headers",
      message: expect.stringContaining("11 message attributes, type and the size of the stored body included"),
    });
  });

  test("of Amazon's clients is received with the size among its headers, in lower case", () => {
    const sizes = { SQSLargePayloadSize: { DataType: "Number", StringValue: "300000" } };
    expect(received(sizes).headers).toEqual({ sqslargepayloadsize: "300000" });
  });
});

describe("a message of another producer", () => {
  test("has its attributes as headers: names in lower case, numbers as text, bytes as base64", () => {
    const attributes = {
      "X-Tenant": { DataType: "String", StringValue: "acme" },
      Count: { DataType: "Number", StringValue: "3" },
      Blob: { DataType: "Binary.gzip", BinaryValue: new Uint8Array([0, 255]) },
      Type: { DataType: "String", StringValue: "OrderPlaced" },
      empty: undefined,
    };
    expect(received(attributes)).toEqual({
      body: "b",
      type: "OrderPlaced",
      headers: { "x-tenant": "acme", count: "3", blob: "AP8=" },
    });
  });

  test("keeps the attribute that was lower case already where two become one", () => {
    const value = (StringValue: string) => ({ DataType: "String", StringValue });
    expect(received({ Foo: value("1"), foo: value("2"), FOO: value("3") }).headers["foo"]).toBe("2");
  });

  test("cannot reach a prototype through an attribute's name", () => {
    const { headers } = received({ __proto__x: { StringValue: "1" }, ["__proto__"]: { StringValue: "evil" } });
    expect(Object.getPrototypeOf(headers)).toBeNull();
    expect(({} as any).evil).toBeUndefined();
  });
});

describe("group and deduplication ids", () => {
  test("are what SQS allows, equal for equal text and different for different text", () => {
    const text = fc.string({ unit: "binary", maxLength: 200 });
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(toId(a)).toMatch(/^[!-~]{1,128}$/);
        expect(toId(a) === toId(b)).toBe(a === b);
      }),
    );
  });

  test("stay readable where they can, and stay themselves when copied", () => {
    expect(toId("customer-9")).toBe("customer-9");
    expect(toId(toId("customer 9"))).toBe(toId("customer 9"));
    expect(toId("~tilde")).not.toBe("~tilde");
  });
});
