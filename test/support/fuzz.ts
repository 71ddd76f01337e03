/**
 * Seeded mutation of well-formed samples: the same seed gives the same inputs. `FUZZ_SEED` is the first seed (default 1), `FUZZ_INPUTS`
 * the number of inputs of each decoder (default 20,000), `FUZZ_RUNS` that of each other target (default 20,000). A failure names its
 * seed: `FUZZ_SEED=17 FUZZ_RUNS=1 npx vitest run test/fuzz`.
 */
import { expect } from "vitest";

const RUNS = Number(process.env["FUZZ_RUNS"] ?? 20_000);
export const SEED = Number(process.env["FUZZ_SEED"] ?? 1);
/** About 16 seconds of processor time for all decoders. */
export const INPUTS = Number(process.env["FUZZ_INPUTS"] ?? 20_000);

/** What readers have stumbled over, here and elsewhere. */
export const TOKENS: readonly string[] = [
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "hasOwnProperty",
  "valueOf",
  "null",
  "true",
  "1e999",
  "-1e999",
  "9007199254740993",
  "1780000000000000",
  "-0",
  "NaN",
  "[]",
  "{}",
  "[[[[[[[[",
  '{"a":{"a":{"a":',
  '"',
  "\\",
  "\\u0000",
  "\\ud800",
  "\ud800",
  "\u0000",
  "\ufeff",
  "\uffff",
  "\u2028",
  "\n",
  "\r\n",
  ",",
  ":",
  "}",
  "]",
  '"specversion":"1.0"',
  '"id":""',
  '"data":null',
  '"data_base64":"AA=="',
  '"dead":{}',
  "2026-01-01T00:00:00.000Z",
  "+275760-09-13T00:00:00.000Z",
  "-271821-04-20T00:00:00.000Z",
];

export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = Math.imul(seed, 0x9e3779b1) >>> 0;
  }

  /** From 0, below `limit`. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  }

  of<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }

  text(samples: readonly string[]): string {
    let text = this.of(samples);
    for (let change = this.below(5); change > 0; change--) {
      const at = this.below(text.length + 1);
      const until = Math.min(text.length, at + this.below(12));
      const kind = this.below(6);
      if (kind === 0) text = text.slice(0, at) + text.slice(until);
      else if (kind === 1) text = text.slice(0, at) + this.of(TOKENS) + text.slice(at);
      else if (kind === 2) text = text.slice(0, at) + this.of(TOKENS) + text.slice(until);
      else if (kind === 3) text = text.slice(0, at) + String.fromCharCode(this.below(0x3000)) + text.slice(at + 1);
      else if (kind === 4) text = text.slice(0, until) + text.slice(at);
      else text = text.slice(0, at) + this.of(samples).slice(this.below(40));
    }
    return this.below(500) === 0 ? text + this.of(TOKENS).repeat(this.below(4_000)) : text;
  }

  bytes(samples: readonly Uint8Array[]): Uint8Array {
    let bytes = Buffer.from(this.of(samples));
    for (let change = this.below(5); change > 0; change--) {
      const at = this.below(bytes.length + 1);
      const until = Math.min(bytes.length, at + this.below(12));
      const kind = this.below(5);
      if (kind === 0) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(until)]);
      else if (kind === 1)
        bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from(this.of(TOKENS)), bytes.subarray(at)]);
      else if (kind === 2) bytes = Buffer.concat([bytes.subarray(0, until), bytes.subarray(at)]);
      else if (kind === 3)
        bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from(this.of(samples)).subarray(this.below(20))]);
      else if (at < bytes.length) bytes[at] = this.below(256);
    }
    return bytes;
  }

  /** What a parser of JSON, or of AMQP's tables, can give. */
  value(depth = 0): unknown {
    const kind = this.below(depth > 3 ? 7 : 10);
    if (kind === 0) return this.text(TOKENS);
    if (kind === 1)
      return this.of([0, -1, 1.5, 1e300, 2 ** 53, Number.POSITIVE_INFINITY, Number.NaN, 1_780_000_000_000_000]);
    if (kind === 2) return null;
    if (kind === 3) return this.below(2) === 0;
    if (kind === 4) return undefined;
    if (kind === 5) return Buffer.from(this.text(TOKENS));
    if (kind === 6)
      return {
        "!": this.of(["timestamp", "decimal", "long", "x"]),
        value: this.below(2) === 0 ? this.value(9) : 1.78e15,
      };
    if (kind === 7) return Array.from({ length: this.below(4) }, () => this.value(depth + 1));
    const record: Record<string, unknown> = this.below(2) === 0 ? {} : Object.create(null);
    for (let count = this.below(4); count > 0; count--)
      Object.defineProperty(record, this.text(TOKENS), {
        value: this.value(depth + 1),
        enumerable: true,
        configurable: true,
        writable: true,
      });
    return record;
  }
}

/** Runs `one` with a generator of each seed; what it throws is reported with the seed. No prototype may change. */
export async function fuzz(one: (random: Random) => unknown, share = 1): Promise<void> {
  const before = prototypes();
  const runs = Math.max(1, Math.round(RUNS * share));
  for (let seed = SEED; seed < SEED + runs; seed++) {
    try {
      await one(new Random(seed));
    } catch (cause) {
      throw new Error(`FUZZ_SEED=${seed}: ${String(cause)}`, { cause });
    }
    if (seed % 1_000 === 0) expect(prototypes(), `FUZZ_SEED up to ${seed}`).toEqual(before);
  }
  expect(prototypes()).toEqual(before);
}

/** The own names of the prototypes that a hostile key could change. */
export function prototypes(): readonly (readonly string[])[] {
  return [Object, Array, String, Function, Map, Error, Buffer].map(({ prototype }) =>
    Object.getOwnPropertyNames(prototype),
  );
}
