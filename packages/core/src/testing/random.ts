/** A seeded random generator (sfc32), uniform in [0, 1). The same seed gives the same sequence on every machine. */
export function seededRandom(seed: number): () => number {
  let a = 0x9e3779b9 ^ seed;
  let b = 0x243f6a88 ^ Math.trunc(seed / 2 ** 32);
  let c = 0xb7e15162;
  let counter = 1;
  const next = () => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return (t >>> 0) / 2 ** 32;
  };
  for (let warm = 0; warm < 15; warm++) next();
  return next;
}

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** A random integer of 32 bits. */
const word = (random: () => number): number => Math.trunc(random() * 2 ** 32) | 0;
/** The lower 16 bits. */
const pair = (bits: number): string => HEX[(bits >>> 8) & 0xff]! + HEX[bits & 0xff]!;

/** A version 4 UUID (RFC 9562) from the given generator. */
export function uuidFrom(random: () => number): string {
  const a = word(random);
  const b = (word(random) & 0xffff0fff) | 0x4000;
  const c = (word(random) & 0x3fffffff) | 0x80000000;
  const d = word(random);
  return `${pair(a >>> 16)}${pair(a)}-${pair(b >>> 16)}-${pair(b)}-${pair(c >>> 16)}-${pair(c)}${pair(d >>> 16)}${pair(d)}`;
}
