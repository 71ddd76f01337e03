import { indexed, type Palette } from "./palette.ts";
import type { Picture } from "./picture.ts";

/** An animated GIF (89a) that loops forever. All pictures have one size and share one palette. */
export function encodeGif(pictures: readonly Picture[], palette: Palette, fps: number): Uint8Array {
  const { width, height } = pictures[0]!;
  const bits = Math.max(2, Math.ceil(Math.log2(palette.length / 3)));
  const table = Buffer.alloc(3 << bits);
  table.set(palette);

  const screen = Buffer.from([...word(width), ...word(height), 0xf0 | (bits - 1), 0, 0]);
  const loop = Buffer.from([0x21, 0xff, 11, ...Buffer.from("NETSCAPE2.0"), 3, 1, 0, 0, 0]);
  const hundredths = Math.max(2, Math.round(100 / fps));
  const frames = indexed(pictures, palette).flatMap((pixels) => [
    Buffer.from([0x21, 0xf9, 4, 0, ...word(hundredths), 0, 0]),
    Buffer.from([0x2c, 0, 0, 0, 0, ...word(width), ...word(height), 0, bits]),
    blocks(lzw(pixels, bits)),
  ]);
  return Buffer.concat([Buffer.from("GIF89a"), screen, table, loop, ...frames, Buffer.from([0x3b])]);
}

const MAX_CODE = 4096;

/** GIF's LZW: codes grow from `bits + 1` to 12 bits, lowest bit first; a full table is cleared. */
function lzw(pixels: Uint8Array, bits: number): Uint8Array {
  const clear = 1 << bits;
  const out: number[] = [];
  let held = 0;
  let holding = 0;
  let size = bits + 1;
  const write = (code: number) => {
    held |= code << holding;
    for (holding += size; holding >= 8; holding -= 8, held >>>= 8) out.push(held & 255);
  };

  let next = clear + 2;
  let longer = new Map<number, number>(); // (code of a run, the pixel after it) -> code of the longer run
  write(clear);
  let run = pixels[0]!;
  for (let at = 1; at < pixels.length; at++) {
    const pixel = pixels[at]!;
    const known = longer.get((run << 8) | pixel);
    if (known !== undefined) {
      run = known;
      continue;
    }
    write(run);
    if (next < MAX_CODE) {
      if (next === 1 << size) size++;
      longer.set((run << 8) | pixel, next++);
    } else {
      write(clear);
      longer = new Map();
      size = bits + 1;
      next = clear + 2;
    }
    run = pixel;
  }
  write(run);
  write(clear + 1);
  if (holding > 0) out.push(held & 255);
  return Uint8Array.from(out);
}

/** Data in blocks of at most 255 bytes, each with its length, ended by an empty one. */
function blocks(data: Uint8Array): Buffer {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < data.length; at += 255) {
    const block = data.subarray(at, at + 255);
    parts.push(Uint8Array.of(block.length), block);
  }
  return Buffer.concat([...parts, Uint8Array.of(0)]);
}

const word = (value: number) => [value & 255, value >> 8];
