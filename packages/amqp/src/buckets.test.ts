import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { BUCKETS, bucketKeys, bucketOf, partitionOf, routingKeyOf, secondKeyOf } from "./buckets.ts";

test("the bucket of a key never changes, and is the fourth byte of its SHA-256", () => {
  const keys = ["a", "customer 9", "漢", "", "\ud800", "é".repeat(300)];
  expect(keys.slice(0, 4).map(bucketOf)).toEqual([18, 141, 97, 66]);
  for (const key of keys) expect(bucketOf(key)).toBe(createHash("sha256").update(key).digest()[3]);
  expect(routingKeyOf("a")).toBe("bucket-18");
  expect(secondKeyOf("a")).toEqual(["bucket-18"]);
});

test("a message without a key has no bucket", () => {
  expect(routingKeyOf(undefined)).toBe("");
  expect(secondKeyOf(undefined)).toBeUndefined();
});

test("the partition of a bucket never changes, and partitions differ by one bucket at most", () => {
  expect([0, 1, 7, 8, 255].map((bucket) => partitionOf(bucket, 8))).toEqual([0, 1, 7, 0, 7]);
  for (const partitions of [1, 3, 4, 100, 256]) {
    const counts = new Array<number>(partitions).fill(0);
    for (let bucket = 0; bucket < BUCKETS; bucket++) counts[partitionOf(bucket, partitions)]!++;
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    expect(Math.min(...counts)).toBeGreaterThan(0);
  }
  expect(new Set(bucketKeys).size).toBe(BUCKETS);
});
