import type { Clip, YuvFrame } from "./y4m.ts";

/**
 * A clip as a phone might take it, small: a drifting gradient, three moving discs, film grain, and its number burnt in.
 * The same number gives the same bytes on every machine (integers only), and no two numbers the same.
 */
export function makeClip(number: number, { width = 96, height = 64, frames = 8, fps = 8 } = {}): Clip {
  const random = generator(number);
  const within = (low: number, high: number) => low + Math.floor(random() * (high - low));
  const scene = {
    tint: { u: within(64, 192), v: within(64, 192) },
    slope: { x: within(-2, 3), y: within(-2, 3) },
    discs: Array.from({ length: 3 }, () => ({
      x: within(0, width),
      y: within(0, height),
      dx: within(-5, 6),
      dy: within(-4, 5),
      radius: within(6, 16),
      luma: within(40, 236),
      u: within(32, 224),
      v: within(32, 224),
    })),
  };
  const digits = String(number).padStart(4, "0");
  const frame = (time: number): YuvFrame => {
    const y = new Uint8Array(width * height);
    const half = { width: Math.ceil(width / 2), height: Math.ceil(height / 2) };
    const u = new Uint8Array(half.width * half.height).fill(scene.tint.u);
    const v = new Uint8Array(half.width * half.height).fill(scene.tint.v);
    const discs = scene.discs.map((disc) => ({
      ...disc,
      x: wrap(disc.x + disc.dx * time, width),
      y: wrap(disc.y + disc.dy * time, height),
    }));

    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const grain = Math.floor(random() * 9) - 4;
        const slope = scene.slope.x * (column - width / 2 + time * 3) + scene.slope.y * (row - height / 2);
        let luma = 110 + slope + grain;
        for (const disc of discs) {
          if ((column - disc.x) ** 2 + (row - disc.y) ** 2 > disc.radius ** 2) continue;
          luma = disc.luma + grain;
          const at = (row >> 1) * half.width + (column >> 1);
          u[at] = disc.u;
          v[at] = disc.v;
        }
        if (inDigits(digits, column - 4, row - 4)) luma = 240;
        y[row * width + column] = Math.max(16, Math.min(240, luma));
      }
    }
    return { y, u, v };
  };
  return { width, height, fps, frames: Array.from({ length: frames }, (_, time) => frame(time)) };
}

// Three by five dots a digit, a row of dots in three bits.
const FONT = [0o75557, 0o26227, 0o71747, 0o71717, 0o55711, 0o74717, 0o74757, 0o71111, 0o75757, 0o75717];
const DOT = 2;

function inDigits(digits: string, x: number, y: number): boolean {
  if (x < 0 || y < 0) return false;
  const column = Math.floor(x / DOT);
  const row = Math.floor(y / DOT);
  const digit = digits[Math.floor(column / 4)];
  if (digit === undefined || row > 4 || column % 4 === 3) return false;
  const dots = (FONT[Number(digit)]! >> (3 * (4 - row))) & 0b111;
  return ((dots >> (2 - (column % 4))) & 1) === 1;
}

const wrap = (value: number, size: number) => ((value % size) + size) % size;

/** Mulberry32: 32 bits of state, integer arithmetic only. */
function generator(seed: number): () => number {
  let state = (seed * 0x9e3779b1) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
