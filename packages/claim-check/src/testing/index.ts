/** For tests of applications that use the store `memory`. */
import { memoryBucket } from "../memory.ts";

/**
 * The objects of a bucket of the store `memory`, by key. The map is the store itself: delete a key to see what becomes of a message
 * whose object is gone, clear it between tests.
 *
 * @param bucket Default `claims`, which is also the store's default.
 */
export function storedObjects(bucket = "claims"): Map<string, Uint8Array> {
  return memoryBucket(bucket);
}
