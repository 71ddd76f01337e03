/** Local keys: they wrap data keys with A256KW [RFC 7518, 4.4], in this process. */
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from "node:crypto";
import { undecryptable } from "./errors.ts";
import { KEY_BYTES } from "./limits.ts";
import type { GeneratedKey, KeyProvider } from "./provider.ts";
import { type RandomSource, systemRandom } from "./random-source.ts";

const WRAP = "id-aes256-wrap";
/** The initial value that proves integrity [RFC 3394, 2.2.3.1]. */
const INITIAL = Buffer.from("a6a6a6a6a6a6a6a6", "hex");

export class LocalKeys implements KeyProvider {
  readonly summary: string;
  /** A256KW has no additional data: the protected header, which names the context, is authenticated with the body. */
  readonly perType = false;
  readonly #write: string;
  readonly #keys: ReadonlyMap<string, KeyObject>;
  readonly #read: ReadonlySet<string>;
  readonly #random: RandomSource;

  constructor(keys: ReadonlyMap<string, KeyObject>, write: string, read: readonly string[], random: RandomSource) {
    this.#keys = keys;
    this.#write = write;
    this.#read = new Set(read);
    this.#random = random;
    this.summary = `local keys: writes with ${write}, reads ${read.join(", ")}`;
  }

  keyOf(kid: string): string | undefined {
    return this.#read.has(kid) ? kid : undefined;
  }

  generate(): GeneratedKey {
    const plain = this.#random(KEY_BYTES);
    const cipher = createCipheriv(WRAP, this.#keys.get(this.#write)!, INITIAL);
    const wrapped = Buffer.concat([cipher.update(plain), cipher.final()]);
    return { plain, wrapped, kid: this.#write };
  }

  unwrap(wrapped: Uint8Array, key: string): Uint8Array {
    const decipher = createDecipheriv(WRAP, this.#keys.get(key)!, INITIAL);
    try {
      const first = decipher.update(wrapped);
      const plain = Buffer.concat([first, decipher.final()]);
      first.fill(0);
      return plain;
    } catch {
      throw undecryptable(
        `its data key was not wrapped by this "${key}"; do publisher and consumer have the same key under this id?`,
      );
    }
  }
}

let processKey: KeyObject | undefined;
const EPHEMERAL = "ephemeral";

/** One random key for the whole process, so that all that use the memory broker in it read each other. */
export function ephemeralKeys(): LocalKeys {
  const random = systemRandom();
  processKey ??= createSecretKey(random(KEY_BYTES));
  return new LocalKeys(new Map([[EPHEMERAL, processKey]]), EPHEMERAL, [EPHEMERAL], random);
}
