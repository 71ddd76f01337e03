/** The vectors are for readers in other languages, and keep ours from changing. The page on the wire format explains them. */
import { createHash, createSecretKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as jose from "jose";
import type { Attributes, Content } from "@switchyard/core/pipeline";
import { expect, test } from "vitest";
import { cipherOf, contextOf, headerOf, messageOf, now, reader, writing } from "./fixtures/steps.ts";
import { LocalKeys } from "./local.ts";
import { keysOf } from "./open.ts";
import type { KeyProvider, OpenedProvider } from "./provider.ts";
import type { RandomSource } from "./random-source.ts";

const FILE = join(import.meta.dirname, "../vectors/v1.json");
const KEK = Buffer.alloc(32, 0x11);
const DATA_KEY = Buffer.alloc(32, 0x22);
const IV = Buffer.from("0102030405060708090a0b0c", "hex");
const reuse = { messages: 10, bytes: 1e6, ageMs: 3_600_000 };

/** Always the same. Never for anything but vectors: an IV must not come twice under one key. */
const fixed: RandomSource = (bytes) => new Uint8Array(bytes === IV.length ? IV : DATA_KEY);

const local: OpenedProvider = {
  provider: new LocalKeys(new Map([["2027-01", createSecretKey(KEK)]]), "2027-01", ["2027-01"], fixed),
  alg: "A256KW",
  reuse,
  waitMs: 0,
};
const ARN = "arn:aws:kms:eu-west-1:123456789012:key/11111111-1111-1111-1111-111111111111";
const WRAPPED = Buffer.from("what KMS returned as CiphertextBlob");
const dir: OpenedProvider = {
  provider: {
    summary: "",
    perType: true,
    keyOf: (kid) => kid,
    generate: () => ({ plain: new Uint8Array(DATA_KEY), wrapped: WRAPPED, kid: ARN }),
    unwrap: () => new Uint8Array(DATA_KEY),
  } satisfies KeyProvider,
  alg: "dir",
  reuse,
  waitMs: 0,
};

interface Case {
  readonly name: string;
  readonly opened: OpenedProvider;
  readonly message: Attributes;
  readonly content: Content;
}

const CASES: readonly Case[] = [
  {
    name: "a local key, all attributes",
    opened: local,
    message: messageOf(),
    content: { body: '{"total":42}', contentType: "application/json" },
  },
  {
    name: "a local key, only what every message has",
    opened: local,
    message: messageOf({ key: undefined, expiresAt: undefined, headers: {} }),
    content: { body: "", contentType: "text/plain; charset=utf-8" },
  },
  {
    name: "texts beyond ASCII, quotes and control characters, an empty key",
    opened: local,
    message: messageOf({
      id: 'a"b\\c',
      source: "Geschäft",
      type: "漢字",
      key: "",
      headers: { "x-b": "\u0001\t/", "x-a": "😀\u007f" },
    }),
    content: { body: '"漢字 😀"', contentType: "application/json" },
  },
  {
    name: "a KMS key, with a compressed body",
    opened: dir,
    message: messageOf(),
    content: {
      body: Buffer.from([0, 255, 128, 7]),
      contentType: "application/octet-stream",
      coding: { name: "br", bytes: 2_048 },
    },
  },
];

const hashed = (
  context: string,
  contentType: string,
  { id, source, type, time, key, expiresAt, headers }: Attributes,
): string =>
  JSON.stringify([
    context,
    id,
    source,
    type,
    String(time),
    key ?? null,
    expiresAt === undefined ? null : String(expiresAt),
    contentType,
    null,
    Object.keys(headers)
      .sort()
      .map((name) => [name, headers[name]]),
  ]);

function vectorOf({ name, opened, message, content }: Case): object {
  const cipher = cipherOf(keysOf(opened, contextOf(), fixed));
  const { body } = now(cipher.write(content, message, writing()));
  const { channel: _, hop: __, ...attributes } = message;
  return {
    name,
    key:
      opened.alg === "dir"
        ? { kid: ARN, wrapped: WRAPPED.toString("base64url") }
        : { kid: "2027-01", base64url: KEK.toString("base64url") },
    dataKey: DATA_KEY.toString("base64url"),
    iv: IV.toString("base64url"),
    context: "orders",
    attributes,
    contentType: content.contentType,
    ...(content.coding === undefined ? {} : { coding: content.coding }),
    plain: Buffer.from(content.body).toString("base64url"),
    hashed: hashed("orders", content.contentType, message),
    header: Buffer.from(String(body).split(".")[0] as string, "base64url").toString(),
    jwe: body,
  };
}

const vectors: readonly any[] = JSON.parse(readFileSync(FILE, "utf8"));

test("what is written is what the vectors say, byte for byte", async () => {
  await expect(`${JSON.stringify(CASES.map(vectorOf), null, 2)}\n`).toMatchFileSnapshot(FILE);
});

test.each(CASES.map((each, at) => [each.name, each, at] as const))(
  "%s: read by us and by jose, and hashed by hand",
  async (_name, { opened, message, content }, at) => {
    const vector = vectors[at];
    const cipher = cipherOf(keysOf(opened, contextOf()));
    const read = now(cipher.read({ body: vector.jwe, contentType: "application/jose" }, message, reader()));
    expect([Buffer.from(read.body).toString("base64url"), read.contentType, read.coding]).toEqual([
      vector.plain,
      content.contentType,
      content.coding,
    ]);
    expect(headerOf(vector.jwe).swb).toBe(createHash("sha256").update(vector.hashed).digest("base64url"));
    const key = opened.alg === "dir" ? DATA_KEY : KEK;
    const crit = { swb: true, swc: true, swe: true, swk: true, swz: true, sws: true };
    const { plaintext } = await jose.compactDecrypt(vector.jwe, key, { crit });
    expect(Buffer.from(plaintext).toString("base64url")).toBe(vector.plain);
  },
);

test("jose writes the form of KMS, and we read it", async () => {
  const ours = headerOf(vectors[3].jwe);
  const crit = { swb: true, swc: true, swe: true, swk: true, swz: true, sws: true };
  const theirs = await new jose.CompactEncrypt(Buffer.from("theirs"))
    .setProtectedHeader(ours)
    .encrypt(DATA_KEY, { crit });
  const cipher = cipherOf(keysOf(dir, contextOf()));
  const read = now(cipher.read({ body: theirs, contentType: "application/jose" }, messageOf(), reader()));
  expect(String(read.body)).toBe("theirs");
});
