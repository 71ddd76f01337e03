/** Objects in this process, for tests. Stores that name the same bucket share it. */
import { missing } from "./errors.ts";
import { type Place, refOf } from "./places.ts";
import type { Store } from "./store.ts";

/** The objects of a bucket by key. */
type Objects = Map<string, Uint8Array>;

const buckets = new Map<string, Objects>();

/** Created on first use. */
export function memoryBucket(name: string): Objects {
  const found = buckets.get(name) ?? new Map<string, Uint8Array>();
  buckets.set(name, found);
  return found;
}

export function memoryStore(): Store {
  const find = ({ bucket, key }: Place): Uint8Array => {
    const found = memoryBucket(bucket).get(key);
    if (found === undefined) throw missing(refOf("memory", { bucket, key }));
    return found;
  };
  return {
    scheme: "memory",
    // A copy. `slice` of a Buffer would be a view.
    put: async ({ bucket, key }, bytes) => void memoryBucket(bucket).set(key, new Uint8Array(bytes)),
    size: async (place) => find(place).byteLength,
    // The reader copies.
    get: async function* (place) {
      yield find(place);
    },
    renew: async (place) => void find(place),
    close: async () => {},
  };
}
