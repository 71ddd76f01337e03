import { describe, expect, test } from "vitest";
import { locate, parseAddress } from "./names.ts";
import { destination } from "./fixtures/fakes.ts";

describe("where a queue is", () => {
  test("its name, with .fifo where ordered", () => {
    expect(locate(destination())).toEqual({ address: "test_orders_billing" });
    expect(locate(destination({ ordered: true }))).toEqual({ address: "test_orders_billing.fifo" });
  });

  test("a name of more than 80 characters is refused, the suffix included", () => {
    const name = "a".repeat(76);
    expect(locate(destination({ name })).problem).toBeUndefined();
    expect(locate(destination({ name, ordered: true })).problem).toContain("81 characters; SQS allows 80");
    expect(locate(destination({ name: "a.b" })).problem).toContain("letters, digits");
  });

  test.each([
    ["orders", { name: "orders" }],
    ["orders.fifo", { name: "orders.fifo" }],
    ["arn:aws:sqs:eu-west-1:123456789012:orders", { name: "orders", account: "123456789012", region: "eu-west-1" }],
    [
      "arn:aws-cn:sqs:cn-north-1:123456789012:orders.fifo",
      { name: "orders.fifo", account: "123456789012", region: "cn-north-1" },
    ],
    ["https://sqs.eu-west-1.amazonaws.com/123456789012/orders", { name: "orders", account: "123456789012" }],
  ])("an existing one by %s", (address, parsed) => {
    expect(parseAddress(address)).toMatchObject(parsed);
  });

  test.each([
    "or ders",
    "arn:aws:sns:eu-west-1:123456789012:orders",
    "https://sqs.eu-west-1.amazonaws.com/orders",
    "https://u:p@h/123456789012/q",
    "https://h/123456789012/q?x=1",
    "ftp://h/123456789012/q",
    "",
  ])("%j is none", (address) => {
    expect(parseAddress(address)).toBeUndefined();
    expect(locate(destination({ address })).problem).toContain("is not a queue");
  });

  test("an existing one of the wrong kind is refused before any call", () => {
    expect(locate(destination({ address: "orders", ordered: true })).problem).toContain("keeps no order");
    expect(locate(destination({ address: "orders.fifo" })).problem).toContain("declares no orderingKey");
  });
});
