import { describe, expect, test } from "vitest";
import { claimCheckOptions } from "./options.ts";

const S3 = { store: "s3", bucket: "acme-msgs", prefix: "p/28d", owner: "123456789012" };
const problems = (given: object): string[] =>
  (claimCheckOptions.safeParse(given).error?.issues ?? []).map(({ path, message }) => `${path.join(".")}: ${message}`);

test("defaults", () => {
  expect(claimCheckOptions.parse(S3)).toMatchObject({ ...S3, interop: "new", wait: 900_000, read: [] });
  expect(claimCheckOptions.parse({ store: "memory" })).toMatchObject({ bucket: "claims", prefix: "messages" });
});

test("a profile may change the store alone", () => {
  const given = { ...S3, region: "eu-west-1", interop: "legacy", read: [{ bucket: "old-one" }] };
  expect(problems({ ...given, store: "memory" })).toEqual([]);
});

describe("are refused:", () => {
  test.each([
    ["s3 without its settings", { store: "s3" }, ["bucket: missing", "prefix: missing", "owner: missing"]],
    ["a folder without a path", { store: "folder" }, ["folder: missing"]],
    ["another store", { store: "gcs" }, ["store: "]],
    ["an unknown key", { ...S3, buckte: "a" }, [': Unrecognized key: "buckte"']],
    ["a number for the owner", { ...S3, owner: 123456789012 }, ["owner: "]],
    ["an owner that is no account", { ...S3, owner: "acme" }, ["owner: must be the 12 digits"]],
    ["a bucket's ARN", { ...S3, bucket: "arn:aws:s3:::acme-msgs" }, ["bucket: must be a bucket's name"]],
    ["a prefix with a slash at its end", { ...S3, prefix: "p/28d/" }, ["prefix: must be letters"]],
    ["a prefix that leads up", { ...S3, prefix: "p/../q" }, ["prefix: must be letters"]],
    ["an empty prefix", { ...S3, prefix: "" }, ["prefix: "]],
    ["a bucket to read with more than that", { ...S3, read: [{ bucket: "old-one", key: "x" }] }, ["read.0: "]],
    ["http to another machine", { ...S3, endpoint: "http://s3.example.com" }, ["endpoint: "]],
    ["a wait that is none", { ...S3, wait: "soon" }, ["wait: must be a duration"]],
    ["a region beside a client", { ...S3, client: { send: () => {} }, region: "eu-west-1" }, ["region: cannot stand"]],
  ])("%s", (_what, given, expected) => {
    const found = problems(given);
    expect(found).toHaveLength(expected.length);
    for (const [at, start] of expected.entries()) expect(found[at]).toContain(start);
  });
});
