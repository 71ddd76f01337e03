/** Readers written from the formats' descriptions, sharing nothing with the writers they check but Paeth's formula. */
import { crc32, inflateSync } from "node:zlib";
import type { Picture } from "../picture.ts";
import { paeth } from "../png.ts";

export function decodePng(bytes: Uint8Array): Picture {
  const file = Buffer.from(bytes);
  const chunks: { type: string; data: Buffer }[] = [];
  for (let at = 8; at < file.length; ) {
    const length = file.readUInt32BE(at);
    const body = file.subarray(at + 4, at + 8 + length);
    if (crc32(body) !== file.readUInt32BE(at + 8 + length))
      throw new Error(`bad checksum in ${body.toString("latin1", 0, 4)}`);
    chunks.push({ type: body.toString("latin1", 0, 4), data: body.subarray(4) });
    at += 12 + length;
  }
  if (chunks.map(({ type }) => type).join() !== "IHDR,IDAT,IEND") throw new Error("chunks missing or out of order");

  const [header, idat] = chunks as [{ data: Buffer }, { data: Buffer }, unknown];
  const width = header.data.readUInt32BE(0);
  const height = header.data.readUInt32BE(4);
  const rows = inflateSync(idat.data);
  const stride = width * 3;
  const rgb = new Uint8Array(stride * height);
  for (let row = 0; row < height; row++) {
    if (rows[row * (stride + 1)] !== 4) throw new Error("only Paeth rows are expected");
    for (let at = 0; at < stride; at++) {
      const to = row * stride + at;
      const left = at < 3 ? 0 : rgb[to - 3]!;
      const up = row === 0 ? 0 : rgb[to - stride]!;
      const corner = at < 3 || row === 0 ? 0 : rgb[to - stride - 3]!;
      rgb[to] = rows[row * (stride + 1) + 1 + at]! + paeth(left, up, corner);
    }
  }
  return { width, height, rgb };
}

export function decodeGif(bytes: Uint8Array): { delays: number[]; pictures: Picture[] } {
  const file = Buffer.from(bytes);
  if (file.toString("latin1", 0, 6) !== "GIF89a") throw new Error("not a GIF");
  const width = file.readUInt16LE(6);
  const height = file.readUInt16LE(8);
  const tableSize = 3 << ((file[10]! & 7) + 1);
  const table = file.subarray(13, 13 + tableSize);
  const delays: number[] = [];
  const pictures: Picture[] = [];
  for (let at = 13 + tableSize; file[at] !== 0x3b; ) {
    const kind = file[at];
    if (kind === 0x21) {
      if (file[at + 1] === 0xf9) delays.push(file.readUInt16LE(at + 4));
      at = subBlocks(file, at + 2).end;
    } else if (kind === 0x2c) {
      const { data, end } = subBlocks(file, at + 11);
      const pixels = unlzw(data, file[at + 10]!);
      if (pixels.length !== width * height)
        throw new Error(`${pixels.length} pixels in a frame of ${width} by ${height}`);
      pictures.push({
        width,
        height,
        rgb: Uint8Array.from(pixels.flatMap((index) => [...table.subarray(index * 3, index * 3 + 3)])),
      });
      at = end;
    } else throw new Error(`unknown block ${kind} at ${at}`);
  }
  return { delays, pictures };
}

function subBlocks(file: Buffer, start: number): { data: Buffer; end: number } {
  const parts: Buffer[] = [];
  let at = start;
  for (let length = file[at]!; length > 0; length = file[at]!) {
    parts.push(file.subarray(at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { data: Buffer.concat(parts), end: at + 1 };
}

function unlzw(data: Buffer, bits: number): number[] {
  const clear = 1 << bits;
  const pixels: number[] = [];
  let runs: number[][] = [];
  let size = 0;
  let before: number[] | undefined;
  const reset = () => {
    runs = Array.from({ length: clear + 2 }, (_, code) => (code < clear ? [code] : []));
    size = bits + 1;
    before = undefined;
  };
  reset();
  for (let bit = 0; bit + size <= data.length * 8; ) {
    let code = 0;
    for (let index = 0; index < size; index++, bit++) code |= ((data[bit >> 3]! >> (bit & 7)) & 1) << index;
    if (code === clear) {
      reset();
      continue;
    }
    if (code === clear + 1) return pixels;
    if (code > runs.length || (code === runs.length && before === undefined))
      throw new Error(`code ${code} is not known yet`);
    const run: number[] = runs[code] ?? [...before!, before![0]!];
    pixels.push(...run);
    if (before !== undefined && runs.length < 4096) runs.push([...before, run[0]!]);
    if (runs.length === 1 << size && size < 12) size++;
    before = run;
  }
  throw new Error("no end code");
}
