import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromRef, isKeyOf, isUnder, keyOf, longestKey, refOf } from "./places.ts";

const digest = (text: string): string => createHash("sha256").update(text).digest("base64url");
const text = fc.string({ unit: "binary", maxLength: 300 });

describe("the key of a message's object", () => {
  test("is readable where id and channel are", () => {
    expect(keyOf("p/28d", { channel: "orders", id: "0197a3c4-0000-7000-8000-000000000001" }, digest("a"))).toBe(
      "p/28d/orders/0197a3c4-0000-7000-8000-000000000001.ca978112ca1bbdcafac231b39a23dc4d",
    );
  });

  test("is chosen by no id: whatever it holds, the key has the prefix, two parts and only plain characters", () => {
    fc.assert(
      fc.property(text, text, text, (id, channel, body) => {
        const key = keyOf("p/28d", { channel, id }, digest(body));
        expect(key).toMatch(/^p\/28d\/[a-z0-9_-]+\/[a-z0-9_-]+\.[0-9a-f]{32}$/);
        expect(key.length).toBeLessThanOrEqual(longestKey("p/28d"));
        expect(isKeyOf(key, "p/28d", { id }, digest(body))).toBe(true);
        expect(isUnder(key, "p/28d")).toBe(true);
      }),
    );
  });

  test("differs by id, by channel and by content", () => {
    fc.assert(
      fc.property(fc.tuple(text, text, text), fc.tuple(text, text, text), (one, other) => {
        const [a, b] = [one, other].map(([id, channel, body]) => keyOf("p", { id, channel }, digest(body)));
        expect(a === b).toBe(JSON.stringify(one) === JSON.stringify(other));
      }),
    );
  });

  test("differs for ids that a file system may take for the same", () => {
    const [a, b] = ["Order-1", "order-1"].map((id) => keyOf("p", { channel: "c", id }, digest("x")).toLowerCase());
    expect(a).not.toBe(b);
  });

  test.each([
    ["another prefix", "q/orders/1.", "p"],
    ["a prefix that only begins alike", "p2/orders/1.", "p"],
    ["no channel", "p/1.", "p"],
    ["one part more", "p/orders/x/1.", "p"],
    ["a way up", "p/../1.", "p"],
    ["a channel that is no part of ours", "p/Orders/1.", "p"],
    ["another id", "p/orders/2.", "p"],
  ])("is not accepted with %s", (_what, key, prefix) => {
    const sha256 = digest("x");
    const end = Buffer.from(sha256, "base64url").toString("hex").slice(0, 32);
    expect(isKeyOf(`p/orders/1.${end}`, "p", { id: "1" }, sha256)).toBe(true);
    expect(isKeyOf(key + end, prefix, { id: "1" }, sha256)).toBe(false);
    expect(isKeyOf(`p/orders/1.${end}/x`, "p", { id: "1" }, sha256)).toBe(false);
    expect(isKeyOf(`p/orders/1.${end}`, "p", { id: "1" }, digest("y"))).toBe(false);
  });
});

describe("a key of another producer", () => {
  test.each([
    ["6ba7b810-9dad-11d1-80b4-00c04fd430c8", "", true],
    ["legacy/6ba7b810", "legacy", true],
    ["legacy/a/b.json", "legacy", true],
    ["legacy2/a", "legacy", false],
    ["other/a", "legacy", false],
    ["legacy", "legacy", false],
    ["legacy/../secret", "legacy", false],
    ["legacy/./a", "legacy", false],
    ["legacy//a", "legacy", false],
    ["/a", "", false],
    ["a/", "", false],
    ["..", "", false],
    ["a\\..\\b", "", false],
    ["a\u0000b", "", false],
    ["a\ud800", "", false],
    ["x".repeat(1_025), "", false],
  ])("%j under %j: %s", (key, prefix, expected) => {
    expect(isUnder(key, prefix)).toBe(expected);
  });
});

test("an address is read as it was written, and only for its own store", () => {
  const place = { bucket: "acme-msgs", key: "p/28d/orders/1.ab" };
  expect(refOf("s3", place)).toBe("s3://acme-msgs/p/28d/orders/1.ab");
  expect(fromRef("s3", refOf("s3", place))).toEqual(place);
  expect(fromRef("folder", refOf("s3", place))).toBeUndefined();
  for (const ref of ["", "s3://", "s3:///key", "s3://bucket", "s3://bucket/", "S3://bucket/key", "https://bucket/key"])
    expect(fromRef("s3", ref)).toBeUndefined();
});
