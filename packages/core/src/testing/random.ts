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

/** A version 4 UUID (RFC 9562) from the given generator. */
export function uuidFrom(random: () => number): string {
  let hex = "";
  for (let word = 0; word < 4; word++)
    hex += Math.trunc(random() * 2 ** 32)
      .toString(16)
      .padStart(8, "0");
  const variant = ((Number.parseInt(hex[16]!, 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
}
