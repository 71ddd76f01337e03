/**
 * MD5 assigns keys to shards, and is the checksum of the Kinesis Producer Library. A machine that allows only FIPS-approved algorithms
 * does not have it. Everything here works without it.
 */
import { createHash } from "node:crypto";

/** Returns the 16 bytes, or undefined if this machine has no MD5. Never throws. */
export type Md5 = (data: string | Uint8Array) => Buffer | undefined;

export const md5: Md5 = (data) => {
  try {
    return createHash("md5").update(data).digest();
  } catch {
    return undefined;
  }
};

/** Like {@link md5}, and calls `missing` once, the first time that there is no MD5. */
export function announcedMd5(missing: () => void): Md5 {
  let told = false;
  return (data) => {
    const digest = md5(data);
    if (digest === undefined && !told) {
      told = true;
      missing();
    }
    return digest;
  };
}
