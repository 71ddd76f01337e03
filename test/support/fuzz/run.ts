/** Runs a decoder on mutated samples and checks what must hold for each. */
import { isDeepStrictEqual } from "node:util";
import { isMessagingError } from "@switchyard/core";
import { prototypes, Random } from "../fuzz.ts";
import { Mutation } from "./mutation.ts";

/** Reads what anybody may have written. A row of the table in decoders.ts. */
export interface Decoder {
  /** Kebab-case, as `npm run fuzz -- --decoder` takes it. */
  readonly name: string;
  /** Valid inputs. They are plain values: strings, bytes, numbers, lists and records. Each must be read. */
  readonly samples: readonly unknown[];
  /** Members of an input below which a value of any type may stand, as in the headers of AMQP. */
  readonly free?: readonly string[];
  /** Members of an input that are records of any names. Default: `headers`, `MessageAttributes`. `""`: the input itself. */
  readonly open?: readonly string[];
  /**
   * Reads an input. It returns undefined for one that it does not take, or throws a MessagingError. Any other error is a failure.
   */
  read(input: any): unknown;
  /** Writes what was read and reads it again. It returns both readings, which must be equal. */
  again?(reading: any): readonly [before: unknown, after: unknown];
  /** Whether it was taken for an event of ours, not of another producer. */
  isEvent?(reading: any): boolean;
  /** The most bytes that may be read from an input of `bytes` bytes. Default: 8 for each, and 64 KiB. */
  mostBytes?(bytes: number): number;
  /** How many inputs it gets of those asked for. Default 1. Less for one that must compute signatures. */
  readonly share?: number;
}

export interface FuzzResult {
  readonly inputs: number;
  /** Inputs that were read. The others were refused. */
  readonly read: number;
  /** Of those: how many were taken for an event of ours. */
  readonly events: number;
  /** The processor time that it took in all, in milliseconds. */
  readonly cpuMs: number;
  /** The longest that one input took, in milliseconds. */
  readonly slowestMs: number;
  /** The most bytes that were read from one input. */
  readonly largest: number;
}

/** Longer than any input may take on a busy machine. Inputs have at most about 400 KB, so a quadratic reader takes minutes. */
const HANG_MS = 10_000;
const LOOKED_AT_PROTOTYPES = 1_000;

/**
 * Gives the decoder `inputs` mutated samples: the same seed, the same inputs. Fails with the seed of the first input that breaks a
 * rule, which `--seed N --inputs 1` gives again.
 */
export function fuzzDecoder(decoder: Decoder, inputs: number, seed: number): FuzzResult {
  const mutation = new Mutation(decoder.samples, decoder.free ?? [], decoder.open ?? ["headers", "MessageAttributes"]);
  const before = prototypes();
  const count: Count = { read: 0, events: 0, largest: 0 };
  let slowestMs = 0;
  for (const sample of decoder.samples) if (decoder.read(sample) === undefined) throw new Error("a sample is not read");
  const cpu = process.cpuUsage();
  let last = performance.now();
  for (let at = seed; at < seed + inputs; at++) {
    let input: unknown;
    try {
      input = mutation.next(new Random(at));
      check(decoder, input, count);
      for (const name in {}) throw new Error(`Object.prototype has got ${JSON.stringify(name)}`);
      if (at % LOOKED_AT_PROTOTYPES === 0 && !isDeepStrictEqual(prototypes(), before))
        throw new Error("a prototype has changed");
    } catch (cause) {
      const again = `npm run fuzz -- --decoder ${decoder.name} --seed ${at} --inputs 1`;
      throw new Error(`${again}: ${String(cause)}\n${shown(input)}`, { cause });
    }
    const now = performance.now();
    if (now - last > HANG_MS) throw new Error(`${decoder.name}, seed ${at}: took ${now - last} ms`);
    slowestMs = Math.max(slowestMs, now - last);
    last = now;
  }
  if (!isDeepStrictEqual(prototypes(), before)) throw new Error(`${decoder.name}: a prototype has changed`);
  return { ...count, inputs, cpuMs: process.cpuUsage(cpu).user / 1_000, slowestMs };
}

interface Count {
  read: number;
  events: number;
  largest: number;
}

function check(decoder: Decoder, input: unknown, count: Count): void {
  let reading: unknown;
  try {
    reading = decoder.read(input);
  } catch (error) {
    if (isMessagingError(error)) return;
    throw error;
  }
  if (reading === undefined) return;
  const bytes = bytesIn(reading);
  const given = bytesIn(input);
  const most = decoder.mostBytes?.(given) ?? 8 * given + 65_536;
  if (bytes > most) throw new Error(`${bytes} bytes were read from ${given}, which is more than ${most}`);
  if (decoder.again !== undefined) {
    const [first, second] = decoder.again(reading);
    if (!isDeepStrictEqual(first, second))
      throw new Error(`read again it is\n${shown(second)}\nand was\n${shown(first)}`);
  }
  count.read++;
  if (decoder.isEvent?.(reading) === true) count.events++;
  count.largest = Math.max(count.largest, bytes);
}

/** The size of all texts and bytes in a value, without recursion: values may be nested as deep as their sender likes. */
function bytesIn(value: unknown): number {
  let bytes = 0;
  const left: unknown[] = [value];
  while (left.length > 0) {
    const one = left.pop();
    if (typeof one === "string") bytes += one.length;
    else if (one instanceof Uint8Array) bytes += one.byteLength;
    else if (typeof one === "object" && one !== null)
      for (const [name, inner] of Object.entries(one)) {
        bytes += name.length;
        left.push(inner);
      }
    else bytes += 8;
  }
  return bytes;
}

function shown(value: unknown): string {
  try {
    return (
      JSON.stringify(value, (_, one) => (typeof one === "bigint" ? String(one) : one))?.slice(0, 2_000) ?? String(value)
    );
  } catch {
    return "(nested too deep to show)";
  }
}
