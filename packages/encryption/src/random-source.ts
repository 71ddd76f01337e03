/**
 * Random bytes for keys and IVs. They come from the system's generator and never from the {@link Runtime}, whose randomness is made for
 * jitter and is the same in each run of a test. Golden vectors pass a source of their own.
 */
import { randomFillSync } from "node:crypto";

/** Returns bytes that nobody else gets. */
export type RandomSource = (bytes: number) => Uint8Array;

/** How much is drawn at once: a call for 12 bytes costs nearly as much as one for 4 KiB. */
const POOL_BYTES = 4_096;

/** Each byte is given out once. */
export function systemRandom(): RandomSource {
  let pool = Buffer.alloc(0);
  let next = 0;
  return (bytes) => {
    if (next + bytes > pool.byteLength) {
      // A new pool each time: views of the old one may still be in use.
      pool = randomFillSync(Buffer.allocUnsafeSlow(Math.max(POOL_BYTES, bytes)));
      next = 0;
    }
    return pool.subarray(next, (next += bytes));
  };
}
