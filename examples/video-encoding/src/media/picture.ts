import type { Clip, YuvFrame } from "./y4m.ts";

/** Red, green, blue, row by row, three bytes a pixel. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
}

/** JPEG's full-range BT.601 matrix in 16.16 fixed point; each chroma sample colours its two by two pixels. */
export function toRgb(frame: YuvFrame, { width, height }: Pick<Clip, "width" | "height">): Picture {
  const rgb = new Uint8Array(width * height * 3);
  const stride = Math.ceil(width / 2);
  for (let row = 0, out = 0; row < height; row++) {
    for (let column = 0; column < width; column++, out += 3) {
      const chroma = (row >> 1) * stride + (column >> 1);
      const luma = (frame.y[row * width + column]! << 16) + 32_768;
      const u = frame.u[chroma]! - 128;
      const v = frame.v[chroma]! - 128;
      rgb[out] = byte((luma + 91_881 * v) >> 16);
      rgb[out + 1] = byte((luma - 22_554 * u - 46_802 * v) >> 16);
      rgb[out + 2] = byte((luma + 116_130 * u) >> 16);
    }
  }
  return { width, height, rgb };
}

/** Fits the picture into `width`, keeping its shape; every pixel is the average of the area it stands for. Never enlarges. */
export function scaleTo(width: number, from: Picture): Picture {
  if (width >= from.width) return from;
  const height = Math.max(1, Math.round((from.height * width) / from.width));
  const columns = spans(from.width, width);
  const rows = spans(from.height, height);
  const rgb = new Uint8Array(width * height * 3);
  let out = 0;
  for (const row of rows) {
    for (const column of columns) {
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let y = 0; y < row.shares.length; y++) {
        let at = ((row.from + y) * from.width + column.from) * 3;
        for (let x = 0; x < column.shares.length; x++) {
          const share = row.shares[y]! * column.shares[x]!;
          red += from.rgb[at++]! * share;
          green += from.rgb[at++]! * share;
          blue += from.rgb[at++]! * share;
        }
      }
      rgb[out++] = byte(Math.round(red));
      rgb[out++] = byte(Math.round(green));
      rgb[out++] = byte(Math.round(blue));
    }
  }
  return { width, height, rgb };
}

/** The old pixels under a new one, from the first on, and how much of it each makes up; the shares add up to 1. */
interface Span {
  readonly from: number;
  readonly shares: readonly number[];
}

function spans(from: number, to: number): readonly Span[] {
  const step = from / to;
  return Array.from({ length: to }, (_, index) => {
    const start = index * step;
    const end = start + step;
    const shares: number[] = [];
    for (let at = Math.floor(start); at < Math.min(from, Math.ceil(end)); at++) {
      shares.push((Math.min(end, at + 1) - Math.max(start, at)) / step);
    }
    return { from: Math.floor(start), shares };
  });
}

const byte = (value: number) => (value < 0 ? 0 : value > 255 ? 255 : value);
