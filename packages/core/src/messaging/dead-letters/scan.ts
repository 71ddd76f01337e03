/** Looking at dead letters one by one. */
import type { DeadLetterItem, ScanResult } from "../../api/dead-letters.ts";
import type { Delivery, Runtime } from "../../driver/index.ts";
import type { Letter } from "./letter.ts";
import { MOST_HELD, type Session } from "./session.ts";

export interface ScanParts {
  readonly session: Session;
  readonly runtime: Runtime;
  readonly max: number;
  readonly hideMs: number;
  readonly letterOf: (delivery: Letter["delivery"]) => Letter;
  /** While the broker hides letters of a key, it shows no more of those that it moved itself. */
  readonly hidesKeys: boolean;
  readonly read: (letter: Letter) => Promise<DeadLetterItem>;
  /** Tells by what stands in clear, before a body is fetched and decrypted. Default: every letter may be wanted. */
  readonly mayWant?: (letter: Letter) => boolean;
  readonly wants: (item: DeadLetterItem, letter: Letter) => boolean;
  /** Is told how many letters were seen, after each receive. */
  readonly looked?: ((seen: number) => void) | undefined;
  /** Called at the end, before the letters are given back. */
  readonly beforeEnd?: () => Promise<void>;
}

export interface Found {
  readonly letter: Letter;
  readonly item: DeadLetterItem;
}

/** One session of looking. Iterate `found` once; `result` resolves when it has ended. */
export class Scan {
  readonly result: Promise<ScanResult>;
  readonly #parts: ScanParts;
  #resolve!: (result: ScanResult) => void;
  #reject!: (error: unknown) => void;
  #seen = 0;
  #matched = 0;
  #over = false;

  constructor(parts: ScanParts) {
    this.#parts = parts;
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.result.catch(() => undefined);
  }

  async *found(): AsyncGenerator<Found, void, undefined> {
    const { session, runtime, max, hideMs, letterOf, hidesKeys, read, mayWant, wants, looked, beforeEnd } = this.#parts;
    const known = new Map<string, Delivery>();
    const heads = new Set<string>();
    let why: ScanResult["why"] = "left";
    let failed: { readonly error: unknown } | undefined;
    // The caller may take its time with a letter; the others are given back nevertheless.
    const timer = runtime.timer(hideMs, () => {
      this.#over = true;
      void session.close();
    });
    let complete = false;
    try {
      for (;;) {
        if (this.#over || this.#seen >= max || session.held >= MOST_HELD) {
          why = this.#over ? "hide" : "max";
          return;
        }
        const got = await session.receive(Math.min(max - this.#seen, session.batch === 1 ? 10 : session.batch));
        const fresh = got.map(letterOf).filter((letter) => isFirstLook(letter, known, session));
        this.#seen += fresh.length;
        looked?.(this.#seen);
        // Nothing new: the end, or holds that have ended early and begin to come again.
        if (fresh.length === 0) {
          const { ready = 0, others = 0 } = await session.rest();
          complete = got.length === 0 && ready === 0 && others === 0;
          why = others > 0 ? "others" : "more";
          return;
        }
        for (const letter of fresh) {
          session.refuseIfClosed();
          if (hidesKeys && letter.native && letter.key !== undefined) heads.add(letter.key);
          if (mayWant?.(letter) === false) continue;
          const item = await read(letter);
          if (!wants(item, letter)) continue;
          this.#matched++;
          why = "left";
          yield { letter, item };
        }
      }
    } catch (error) {
      failed = { error };
      throw session.error(error);
    } finally {
      const last = await beforeEnd?.().then(
        () => undefined,
        (error: unknown) => ({ error }),
      );
      failed ??= last;
      timer[Symbol.dispose]();
      const hidden = session.mostHeld;
      await session.close();
      if (failed !== undefined) this.#reject(session.error(failed.error));
      else
        this.#resolve({
          seen: this.#seen,
          matched: this.#matched,
          hidden,
          complete,
          ...(complete ? {} : { why }),
          ...(complete || heads.size === 0 ? {} : { heads: heads.size }),
          receives: session.receives,
        });
      // oxlint-disable-next-line no-unsafe-finally -- what the end could not do must reach the caller, also one that has left
      if (last !== undefined) throw session.error(last.error);
    }
  }
}

/**
 * Whether this session has not seen a letter yet. A message may be dead several times, since its publisher may have sent it several times.
 * Where the broker gives each its own id, the id tells. Where the id is the publisher's, what comes while the one before is still held is
 * another letter.
 */
function isFirstLook(letter: Letter, known: Map<string, Delivery>, session: Session): boolean {
  const { event, hop, id, decoded, delivery } = letter;
  const name = `${event} ${hop} ${delivery.id}`;
  const before = known.get(name);
  const publishers = decoded.foreign ? delivery.unique === false : delivery.id === id;
  if (before !== undefined && !(publishers && session.holds(before))) return false;
  known.set(name, delivery);
  return true;
}
