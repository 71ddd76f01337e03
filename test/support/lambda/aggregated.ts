import { createHash } from "node:crypto";

/** What the Kinesis Producer Library makes of several records of a key. */
export function aggregate(key: string, all: readonly string[]): Buffer {
  const field = (number: number, bytes: Buffer) =>
    Buffer.concat([Buffer.from([number * 8 + 2]), varint(bytes.length), bytes]);
  const inside = all.map((text) => field(3, Buffer.concat([Buffer.from([8, 0]), field(3, Buffer.from(text))])));
  const body = Buffer.concat([field(1, Buffer.from(key)), ...inside]);
  return Buffer.concat([Buffer.from([0xf3, 0x89, 0x9a, 0xc2]), body, createHash("md5").update(body).digest()]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let left = value; ; left = Math.floor(left / 128)) {
    if (left < 128) return Buffer.from([...bytes, left]);
    bytes.push((left % 128) + 128);
  }
}
