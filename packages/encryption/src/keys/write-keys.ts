/** The data keys that write: one for each scope, used for many messages, and replaced before it is used up. */
import type { KeyObject } from "node:crypto";
import type { Runtime, RuntimeTimer } from "@switchyard/core/driver";
import { closed, keyFault, ofProvider } from "../errors.ts";
import { toBase64url } from "../jwe/base64url.ts";
import { headerStart, mostHeaderBytes } from "../jwe/header.ts";
import { MOST_CONTENT_TYPE, MOST_HEADER_BYTES, MOST_WRITE_KEYS, REFRESH_AT, REFRESH_RETRY_MS } from "../limits.ts";
import type { GeneratedKey, OpenedProvider, Reuse, Scope } from "../provider.ts";
import { toKeyObject } from "./key-object.ts";
import type { Troubles } from "./troubles.ts";

/** A data key in use, with what its messages have in common. */
export interface WriteKey {
  readonly key: KeyObject;
  /** The start of the protected header: see {@link headerStart}. */
  readonly header: string;
  /** The JWE's second part: the wrapped key in base64url. Empty if it stands in the header. */
  readonly encryptedKey: string;
}

/** What the keys of one entry share. */
export interface KeyContext {
  /** The entry's name, for errors. */
  readonly entry: string;
  readonly runtime: Pick<Runtime, "monotonic" | "timer">;
  readonly troubles: Troubles;
  /** Aborts when the entry is closed. */
  readonly signal: AbortSignal;
}

export class WriteKeys {
  readonly #opened: OpenedProvider;
  readonly #context: KeyContext;
  /** By context and type. The last used ones are at the end. */
  readonly #scopes = new Map<string, ScopeKey>();

  constructor(opened: OpenedProvider, context: KeyContext) {
    this.#opened = opened;
    this.#context = context;
  }

  /** The key for the next message of so many bytes. A promise only if a key must be made first. */
  take(scope: Scope, bytes: number): WriteKey | Promise<WriteKey> {
    const name = JSON.stringify([scope.context, scope.type]);
    let found = this.#scopes.get(name);
    if (found === undefined) {
      found = new ScopeKey(this.#opened, this.#context, scope);
      this.#scopes.set(name, found);
      if (this.#scopes.size > MOST_WRITE_KEYS) this.#forgetOldest();
    } else if (this.#scopes.size > MOST_WRITE_KEYS / 2) {
      this.#scopes.delete(name);
      this.#scopes.set(name, found);
    }
    return found.take(bytes);
  }

  #forgetOldest(): void {
    const [name, oldest] = this.#scopes.entries().next().value!;
    this.#scopes.delete(name);
    oldest.forget();
  }

  close(): void {
    for (const scope of this.#scopes.values()) scope.forget();
    this.#scopes.clear();
  }
}

interface InUse {
  readonly key: WriteKey;
  readonly since: number;
  uses: number;
  bytes: number;
  readonly timer: RuntimeTimer;
}

/** The data key of one scope. */
class ScopeKey {
  readonly #opened: OpenedProvider;
  readonly #reuse: Reuse;
  readonly #context: KeyContext;
  readonly #scope: Scope;
  #current: InUse | undefined;
  /** The one call under way. */
  #making: Promise<void> | undefined;
  #refreshAfter = 0;

  constructor(opened: OpenedProvider, context: KeyContext, scope: Scope) {
    this.#opened = opened;
    this.#reuse = opened.reuse;
    this.#context = context;
    this.#scope = scope;
  }

  take(bytes: number): WriteKey | Promise<WriteKey> {
    const current = this.#usable(bytes);
    if (current === undefined) return this.#next(bytes);
    current.uses++;
    current.bytes += bytes;
    if (this.#isWorn(current)) this.#refresh();
    return current.key;
  }

  /** A key that has not encrypted yet takes a message of any size. */
  #usable(bytes: number): InUse | undefined {
    const current = this.#current;
    if (current === undefined) return undefined;
    const { messages, bytes: most, ageMs } = this.#reuse;
    const isOver =
      current.uses >= messages ||
      (current.uses > 0 && current.bytes + bytes > most) ||
      this.#context.runtime.monotonic() - current.since >= ageMs;
    return isOver ? undefined : current;
  }

  #isWorn({ uses, bytes, since }: InUse): boolean {
    const { messages, bytes: most, ageMs } = this.#reuse;
    return (
      uses >= REFRESH_AT * messages ||
      bytes >= REFRESH_AT * most ||
      this.#context.runtime.monotonic() - since >= REFRESH_AT * ageMs
    );
  }

  /** Those who wait get the key in the order in which they asked. */
  #next(bytes: number): WriteKey | Promise<WriteKey> {
    const making = this.#making ?? this.#make();
    // Made at once by a local key.
    if (making === undefined) return this.take(bytes);
    return making.then(() => this.take(bytes));
  }

  #refresh(): void {
    const { runtime } = this.#context;
    if (this.#making !== undefined || runtime.monotonic() < this.#refreshAfter) return;
    this.#refreshAfter = runtime.monotonic() + REFRESH_RETRY_MS;
    try {
      // The current key is still good. What failed is told to health.
      this.#make()?.catch(() => {});
    } catch {
      // As above.
    }
  }

  /** One call of the provider, however many wait. Returns nothing if it answered at once. */
  #make(): Promise<void> | undefined {
    const { signal, entry } = this.#context;
    if (signal.aborted) throw closed(entry);
    let made: GeneratedKey | Promise<GeneratedKey>;
    try {
      made = this.#opened.provider.generate(this.#scope, signal);
      if (!(made instanceof Promise)) return this.#made(made);
    } catch (error) {
      throw this.#failed(error);
    }
    const making = made
      .then((generated) => this.#made(generated))
      .catch((error: unknown) => {
        throw this.#failed(error);
      })
      .finally(() => {
        this.#making = undefined;
      });
    this.#making = making;
    return making;
  }

  #made({ plain, wrapped, kid }: GeneratedKey): undefined {
    const key = toKeyObject(plain);
    const { runtime, signal, entry, troubles } = this.#context;
    const { alg } = this.#opened;
    const text = toBase64url(wrapped);
    const header = headerStart(alg, kid, this.#scope.context, alg === "dir" ? text : undefined);
    if (mostHeaderBytes(header) + MOST_CONTENT_TYPE > MOST_HEADER_BYTES)
      throw keyFault(
        "keys-unreachable",
        `keys.${entry}: a header of ${MOST_HEADER_BYTES} bytes cannot hold its key id, wrapped key and context`,
      );
    if (signal.aborted) throw closed(entry);
    this.forget();
    this.#current = {
      key: { key, header, encryptedKey: alg === "dir" ? "" : text },
      since: runtime.monotonic(),
      uses: 0,
      bytes: 0,
      timer: runtime.timer(this.#reuse.ageMs, () => this.forget()),
    };
    this.#current.timer.unref?.();
    troubles.passed(WRITE);
  }

  #failed(error: unknown): Error {
    const { signal, entry, troubles } = this.#context;
    if (signal.aborted) return closed(entry);
    const known = ofProvider(error, `making a data key of keys.${entry}`);
    troubles.failed(WRITE, known);
    return known;
  }

  /** Drops the key: it is too old, or its scope is not used any more. */
  forget(): void {
    this.#current?.timer[Symbol.dispose]();
    this.#current = undefined;
  }
}

const WRITE = "write";
