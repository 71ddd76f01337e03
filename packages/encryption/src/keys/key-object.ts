import { createSecretKey, type KeyObject } from "node:crypto";
import { KEY_BYTES } from "../limits.ts";
import { keyFault } from "../errors.ts";

/**
 * Takes a data key out of the heap: the key object keeps it where neither `inspect` nor a copying collector sees it, and the bytes
 * are overwritten.
 */
export function toKeyObject(plain: Uint8Array): KeyObject {
  try {
    if (plain.byteLength !== KEY_BYTES)
      throw keyFault(
        "keys-unreachable",
        `the key provider returned a data key of ${plain.byteLength} bytes instead of ${KEY_BYTES}`,
      );
    return createSecretKey(plain);
  } finally {
    plain.fill(0);
  }
}
