import type { Picture } from "./picture.ts";

/** Up to 256 colours, three bytes each. */
export type Palette = Uint8Array;

type Channels = readonly [red: number, green: number, blue: number];

interface Colour {
  readonly channels: Channels;
  readonly count: number;
}

interface Box {
  readonly colours: readonly Colour[];
  /** The channel in which the colours lie furthest apart, and how far. */
  readonly channel: 0 | 1 | 2;
  readonly range: number;
}

/** Median cut: the box of colours with the widest side is halved until there are `size` boxes; each gives its average. */
export function choosePalette(pictures: readonly Picture[], size = 256): Palette {
  const boxes = [box(tally(pictures))];
  while (boxes.length < size) {
    const widest = boxes.reduce((best, { range }, index) => (range > boxes[best]!.range ? index : best), 0);
    if (boxes[widest]!.range === 0) break;
    const [low, high] = halves(boxes[widest]!);
    boxes.splice(widest, 1, low, high);
  }
  return Uint8Array.from(boxes.flatMap(({ colours }) => average(colours)));
}

/** The index of the nearest colour for each pixel of each picture. */
export function indexed(pictures: readonly Picture[], palette: Palette): readonly Uint8Array[] {
  const known = new Int16Array(CODES).fill(-1);
  return pictures.map(({ width, height, rgb }) => {
    const indices = new Uint8Array(width * height);
    for (let pixel = 0, at = 0; pixel < indices.length; pixel++, at += 3) {
      const code = codeAt(rgb, at);
      let index = known[code]!;
      if (index < 0) known[code] = index = nearest(palette, rgb[at]!, rgb[at + 1]!, rgb[at + 2]!);
      indices[pixel] = index;
    }
    return indices;
  });
}

function nearest(palette: Palette, red: number, green: number, blue: number): number {
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let at = 0; at < palette.length; at += 3) {
    const distance = (palette[at]! - red) ** 2 + (palette[at + 1]! - green) ** 2 + (palette[at + 2]! - blue) ** 2;
    if (distance >= least) continue;
    least = distance;
    best = at / 3;
  }
  return best;
}

function tally(pictures: readonly Picture[]): readonly Colour[] {
  const counts = new Uint32Array(CODES);
  for (const { rgb } of pictures) {
    for (let at = 0; at < rgb.length; at += 3) counts[codeAt(rgb, at)]!++;
  }
  const colours: Colour[] = [];
  counts.forEach((count, code) => {
    if (count > 0) colours.push({ channels: [middle(code >> 10), middle((code >> 5) & 31), middle(code & 31)], count });
  });
  return colours;
}

/** Five bits a channel: colours that share a code no eye tells apart, and there are few enough to count. */
const CODES = 1 << 15;
const codeAt = (rgb: Uint8Array, at: number) =>
  ((rgb[at]! >> 3) << 10) | ((rgb[at + 1]! >> 3) << 5) | (rgb[at + 2]! >> 3);
const middle = (five: number) => (five << 3) | (five >> 2);

function box(colours: readonly Colour[]): Box {
  const ranges = ([0, 1, 2] as const).map((channel) => {
    let low = 255;
    let high = 0;
    for (const { channels } of colours) {
      low = Math.min(low, channels[channel]);
      high = Math.max(high, channels[channel]);
    }
    return { channel, range: high - low };
  });
  return { colours, ...ranges.reduce((widest, side) => (side.range > widest.range ? side : widest)) };
}

function halves({ colours, channel }: Box): [Box, Box] {
  const sorted = colours.toSorted((a, b) => a.channels[channel] - b.channels[channel]);
  const half = sorted.reduce((sum, { count }) => sum + count, 0) / 2;
  let cut = 0;
  for (let seen = 0; cut < sorted.length - 1 && seen < half; cut++) seen += sorted[cut]!.count;
  return [box(sorted.slice(0, cut)), box(sorted.slice(cut))];
}

function average(colours: readonly Colour[]): number[] {
  const total = colours.reduce((sum, { count }) => sum + count, 0);
  return ([0, 1, 2] as const).map((channel) =>
    Math.round(colours.reduce((sum, { channels, count }) => sum + channels[channel] * count, 0) / total),
  );
}
