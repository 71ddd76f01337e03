import { createHash } from "node:crypto";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { Attributes, Coding, Content, Reading } from "../pipeline/content.ts";
import { Compression } from "./compress.ts";

const message: Attributes = { channel: "c", id: "1", source: "s", type: "t", time: 0, hop: 0, headers: {} };
const reserved: number[] = [];
const reading: Reading = {
  signal: new AbortController().signal,
  foreign: false,
  native: {},
  reserve: (bytes) => void reserved.push(bytes),
  encrypted: () => {},
};
const json = "application/json";
const text = "all work and no play ".repeat(400);
const steps = (name: Coding["name"], above = 1_024) => new Compression({ above, with: name });
const write = (step: Compression, body: string | Uint8Array, binary = true) =>
  step.write({ body, contentType: json }, message, { signal: undefined, binary });
/** Bytes that do not shrink. */
const noise = (length: number): Buffer =>
  Buffer.concat(
    Array.from({ length: Math.ceil(length / 32) }, (_, n) => createHash("sha256").update(String(n)).digest()),
  ).subarray(0, length);
const compressed = (body: Uint8Array, name: string, bytes: number): Content => ({
  body,
  contentType: json,
  coding: { name: name as "br", bytes },
});
const refused = async (content: Content): Promise<unknown> => {
  try {
    return await new Compression(undefined).read(content, message, reading);
  } catch (error) {
    return (error as { code: string; kind: string; message: string }).message;
  }
};

describe("compression", () => {
  it.each(["br", "gzip", "zstd"] as const)("with %s is undone by any reader", async (name) => {
    for (const body of [text, text.repeat(40), Buffer.from(text)]) {
      const packed = await write(steps(name), body);
      expect(packed.coding).toEqual({ name, bytes: Buffer.byteLength(body) });
      const { body: read, coding } = await new Compression(undefined).read(packed, message, reading);
      expect([Buffer.from(read).equals(Buffer.from(body)), coding]).toEqual([true, undefined]);
    }
  });

  it("leaves alone what is small, what does not shrink by a tenth, and what a reader would refuse", async () => {
    const small = { body: "a".repeat(1_023), contentType: json };
    expect(steps("br").write(small, message, { signal: undefined, binary: true })).toBe(small);
    expect((await write(steps("br"), noise(5_000))).coding).toBeUndefined();
    expect((await write(steps("gzip"), "a".repeat(2 * 1_024 * 1_024))).coding).toBeUndefined();
  });

  it("counts what the transport makes of bytes: base64 takes a third more", async () => {
    // It shrinks by a fifth, which base64 takes back.
    const half = Buffer.concat([noise(8_000), noise(2_000)]);
    expect((await write(steps("gzip"), half)).coding).toBeDefined();
    expect((await write(steps("gzip"), half, false)).coding).toBeUndefined();
  });

  it("counts the size in bytes, not in characters", async () => {
    expect((await write(steps("br", 1_024), "漢".repeat(342))).coding).toEqual({ name: "br", bytes: 1_026 });
  });

  it("reserves what it will inflate to, before it does", async () => {
    reserved.length = 0;
    const bomb = compressed(gzipSync("a".repeat(50_000)), "gzip", 50_000);
    await new Compression(undefined).read(bomb, message, reading);
    expect(reserved).toEqual([50_000]);
  });
});

describe("a hostile body", () => {
  const zeros = gzipSync(Buffer.alloc(5_000_000));
  it.each([
    ["more than it declares", compressed(zeros, "gzip", 1_000_000), /more than the 1000000 bytes it declares/],
    ["less than it declares", compressed(brotliCompressSync("abc"), "br", 9), /has 3 bytes and declares 9/],
    ["a ratio that no text has", compressed(zeros, "gzip", 5_000_000), /at most 100 times/],
    ["more than is ever read", compressed(zeros, "gzip", 65 * 2 ** 20), /at most 67108864 are read/],
    ["no size", compressed(zeros, "gzip", Number.NaN), /does not declare its size/],
    ["an unknown coding", compressed(zeros, "lzma", 5), /coding is not br, gzip or zstd/],
    ["a coding named like a method of objects", compressed(zeros, "constructor", 5), /coding is not/],
    ["garbage", compressed(Buffer.from("garbage"), "br", 5), /not valid br/],
    ["nothing", compressed(Buffer.alloc(0), "gzip", 0), /not valid gzip/],
  ])("with %s is refused", async (_, content, why) => {
    expect(await refused(content)).toMatch(why);
  });
});
