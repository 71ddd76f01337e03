import { crc32, deflateSync } from "node:zlib";
import type { Picture } from "./picture.ts";

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const TRUECOLOUR = 2;
const PAETH = 4;

/** An 8-bit truecolour PNG, every row under the Paeth filter. */
export function encodePng(picture: Picture): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(picture.width, 0);
  header.writeUInt32BE(picture.height, 4);
  header.set([8, TRUECOLOUR, 0, 0, 0], 8);
  return Buffer.concat([
    SIGNATURE,
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(filtered(picture), { level: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function filtered({ width, height, rgb }: Picture): Uint8Array {
  const stride = width * 3;
  const out = new Uint8Array((stride + 1) * height);
  for (let row = 0; row < height; row++) {
    const to = row * (stride + 1);
    const from = row * stride;
    out[to] = PAETH;
    for (let at = 0; at < stride; at++) {
      const left = at < 3 ? 0 : rgb[from + at - 3]!;
      const up = row === 0 ? 0 : rgb[from + at - stride]!;
      const corner = at < 3 || row === 0 ? 0 : rgb[from + at - stride - 3]!;
      out[to + 1 + at] = rgb[from + at]! - paeth(left, up, corner);
    }
  }
  return out;
}

export function paeth(left: number, up: number, corner: number): number {
  const guess = left + up - corner;
  const toLeft = Math.abs(guess - left);
  const toUp = Math.abs(guess - up);
  const toCorner = Math.abs(guess - corner);
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  out.set(body, 4);
  out.writeUInt32BE(crc32(body), body.length + 4);
  return out;
}
