/** The data keys that read: the last used ones, each unwrapped once. */
import type { KeyObject } from "node:crypto";
import type { RuntimeTimer } from "@switchyard/core/driver";
import { isMessagingError } from "@switchyard/core/driver-kit";
import { closed, ofProvider } from "../errors.ts";
import { fromBase64url } from "../jwe/base64url.ts";
import { FAILED_MS, MOST_READ_KEYS, REFUSED_MS } from "../limits.ts";
import type { OpenedProvider, Scope } from "../provider.ts";
import { toKeyObject } from "./key-object.ts";
import type { KeyContext } from "./write-keys.ts";

interface Known {
  readonly key: KeyObject;
  readonly timer: RuntimeTimer;
}

interface Failure {
  readonly error: Error;
  readonly until: number;
}

export class ReadKeys {
  readonly #opened: OpenedProvider;
  readonly #context: KeyContext;
  /** The last used ones are at the end. */
  readonly #known = new Map<string, Known>();
  /** Apart from the known ones, so that messages nobody can read do not push out the keys of the others. */
  readonly #failures = new Map<string, Failure>();
  readonly #unwrapping = new Map<string, Promise<KeyObject>>();

  constructor(opened: OpenedProvider, context: KeyContext) {
    this.#opened = opened;
    this.#context = context;
  }

  /**
   * A data key. `wrapped`: base64url, checked. `key`: the configured key that unwraps it. Throws or rejects with `undecryptable` or a
   * fault of the keys.
   */
  get(wrapped: string, key: string, scope: Scope): KeyObject | Promise<KeyObject> {
    const name = `${wrapped} ${JSON.stringify([key, scope.context, scope.type])}`;
    const known = this.#known.get(name);
    if (known !== undefined) {
      this.#known.delete(name);
      this.#known.set(name, known);
      return known.key;
    }
    const failure = this.#failures.get(name);
    if (failure !== undefined) {
      if (this.#context.runtime.monotonic() < failure.until) throw failure.error;
      this.#failures.delete(name);
    }
    return this.#unwrapping.get(name) ?? this.#unwrap(name, wrapped, key, scope);
  }

  #unwrap(name: string, wrapped: string, key: string, scope: Scope): KeyObject | Promise<KeyObject> {
    const { signal, entry } = this.#context;
    if (signal.aborted) throw closed(entry);
    let plain: Uint8Array | Promise<Uint8Array>;
    try {
      plain = this.#opened.provider.unwrap(fromBase64url(wrapped)!, key, scope, signal);
      if (!(plain instanceof Promise)) return this.#unwrapped(name, key, plain);
    } catch (error) {
      throw this.#failed(name, key, error);
    }
    const unwrapping = plain
      .then((bytes) => this.#unwrapped(name, key, bytes))
      .catch((error: unknown) => {
        throw this.#failed(name, key, error);
      })
      .finally(() => this.#unwrapping.delete(name));
    this.#unwrapping.set(name, unwrapping);
    return unwrapping;
  }

  #unwrapped(name: string, key: string, plain: Uint8Array): KeyObject {
    const object = toKeyObject(plain);
    const { runtime, signal, entry, troubles } = this.#context;
    if (signal.aborted) throw closed(entry);
    const timer = runtime.timer(this.#opened.reuse.ageMs, () => this.#known.delete(name));
    timer.unref?.();
    this.#known.set(name, { key: object, timer });
    if (this.#known.size > MOST_READ_KEYS) this.#forgetOldest();
    troubles.passed(useOf(key));
    return object;
  }

  #forgetOldest(): void {
    const [name, oldest] = this.#known.entries().next().value!;
    oldest.timer[Symbol.dispose]();
    this.#known.delete(name);
  }

  #failed(name: string, key: string, error: unknown): Error {
    const { runtime, signal, entry, troubles } = this.#context;
    if (signal.aborted) return closed(entry);
    const known = ofProvider(error, `unwrapping a data key of keys.${entry}`);
    troubles.failed(useOf(key), known);
    const forMs = isMessagingError(known) && known.kind === "permanent" ? REFUSED_MS : FAILED_MS;
    this.#failures.delete(name);
    this.#failures.set(name, { error: known, until: runtime.monotonic() + forMs });
    if (this.#failures.size > MOST_READ_KEYS) this.#failures.delete(this.#failures.keys().next().value!);
    return known;
  }

  close(): void {
    for (const { timer } of this.#known.values()) timer[Symbol.dispose]();
    this.#known.clear();
    this.#failures.clear();
  }
}

const useOf = (key: string): string => `read ${key}`;
