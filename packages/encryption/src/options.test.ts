import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { ARN } from "./fixtures/kms.ts";
import { KEY_A, KEY_B, LOCAL, optionsOf } from "./fixtures/steps.ts";
import { keysOptions } from "./options.ts";

const KMS = { use: "kms", write: ARN };
const problems = (given: object): string[] =>
  (keysOptions.safeParse(given).error?.issues ?? []).map(({ path, message }) => `${path.join(".")}: ${message}`);

test("defaults", () => {
  expect(optionsOf(LOCAL)).toMatchObject({ use: "local", write: "a", read: ["a", "b"], waitMs: 900_000 });
  expect(optionsOf(KMS)).toMatchObject({ use: "kms", write: ARN, read: [ARN] });
  expect(optionsOf({ use: "ephemeral" })).toEqual({
    use: "ephemeral",
    waitMs: 900_000,
    reuse: { messages: 100_000, bytes: 1_073_741_824, ageMs: 3_600_000 },
  });
});

test("keys may stand in base64url, and without padding", () => {
  const other = Buffer.alloc(32, 0xff);
  expect(problems({ ...LOCAL, keys: { a: other.toString("base64url"), b: KEY_B.slice(0, -1) } })).toEqual([]);
});

describe("are refused, without showing a key:", () => {
  test.each<[string, object, string[]]>([
    ["no use", {}, ["use: "]],
    ["another use", { use: "vault" }, ["use: "]],
    ["an unknown key", { ...LOCAL, wirte: "a" }, [': Unrecognized key: "wirte"']],
    ["local without keys", { use: "local", write: "a" }, ["keys: missing", "write: no key of this id; there are none"]],
    ["local without write", { ...LOCAL, write: undefined }, ["write: missing"]],
    ["an id that is not there", { ...LOCAL, write: "c" }, ["write: no key of this id; there are a, b"]],
    ["an id to read that is not there", { ...LOCAL, read: ["a", "c"] }, ["read.1: no key of this id"]],
    [
      "a short key",
      { ...LOCAL, keys: { a: KEY_A, b: Buffer.alloc(16, 7).toString("base64") } },
      ["keys.b: must be 32 random bytes"],
    ],
    [
      "a long key",
      { ...LOCAL, keys: { a: KEY_A, b: Buffer.alloc(33, 7).toString("base64") } },
      ["keys.b: must be 32 random bytes"],
    ],
    [
      "a pass phrase",
      { ...LOCAL, keys: { a: KEY_A, b: "correct horse battery staple" } },
      ["keys.b: must be 32 random bytes"],
    ],
    ["one key under two ids", { ...LOCAL, keys: { a: KEY_A, b: KEY_A } }, ["keys.b: is the same key"]],
    ["a bad id", { ...LOCAL, keys: { a: KEY_A, "b c": KEY_B } }, ["keys.b c: an id is"]],
    ["kms without write", { use: "kms" }, ["write: missing"]],
    [
      "kms with a bare id",
      { ...KMS, write: "1234abcd-12ab-34cd-56ef-1234567890ab" },
      ["write: must be the ARN", "read: missing"],
    ],
    ["an alias without read", { use: "kms", write: "alias/orders" }, ["read: missing; list the ARNs"]],
    ["an alias to read", { ...KMS, read: ["alias/orders"] }, ["read.0: must be the ARN"]],
    ["http to another machine", { ...KMS, endpoint: "http://kms.example.com" }, ["endpoint: "]],
    ["a region beside a client", { ...KMS, client: { send: () => {} }, region: "eu-west-1" }, ["region: cannot stand"]],
    ["a wait that is none", { ...LOCAL, wait: "soon" }, ["wait: must be a duration"]],
    ["a region of local keys", { ...LOCAL, region: "eu-west-1" }, ["region: belongs to use: kms; leave it out"]],
    ["keys of an ephemeral entry", { ...LOCAL, use: "ephemeral" }, ["keys: belongs to", "write: belongs to"]],
    ["a key for each message", { ...LOCAL, reuse: "1s" }, ["reuse: must be at least 1m"]],
  ])("%s", (_what, given, expected) => {
    const found = problems(given);
    expect(found).toHaveLength(expected.length);
    for (const [at, start] of expected.entries()) expect(found[at]).toContain(start);
    for (const text of [KEY_A, "horse", "BwcHBwcH"])
      expect(inspect(keysOptions.safeParse(given), { depth: 20 })).not.toContain(text);
  });
});
