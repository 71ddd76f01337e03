/**
 * Mutations of valid samples: values of strings, bytes, numbers, lists and records. Text that is JSON is often changed as JSON:
 * members deleted, doubled, renamed or nested, numbers that no double holds, names that touch prototypes.
 */
import { type Random, TOKENS } from "../fuzz.ts";

/** JSON as a document has it: members may occur twice, and a leaf is the text that stands there. */
type Json = { readonly members: readonly Member[] } | { readonly items: readonly Json[] } | string;
type Member = readonly [name: string, value: Json];

const NAMES = ["__proto__", "constructor", "prototype", "toString", "valueOf", "toJSON", "hasOwnProperty", "then", ""];
const LEAVES = [
  ...["null", "true", "false", '""', "{}", "[]", "0", "-0", "-1", "1.5", "1e999", "-1e999", "9007199254740993"],
  ...["123456789012345678901234567890", "1e-400", '"\\ud800"', '"\\u0000"', '"\\uffff"', '"__proto__"', '"1.0"'],
  ...['{"__proto__":{"polluted":1}}', '{"constructor":{"prototype":{"polluted":1}}}', '"2026-01-01T00:00:00.000Z"'],
  ...['"+275760-09-13T00:00:00.000Z"', '"2026-13-45T99:99:99.999Z"', '"AA=="', '"AA"', "NaN", "01", "'x'", ""],
];
const NUMBERS = [0, -0, -1, 1.5, 255, 256, 65_536, 2 ** 31, 2 ** 32, 2 ** 53, 1e300, -1e300, Infinity, NaN];
const DEEPEST = 20_000;
const SHALLOW = 100;

/**
 * Changes samples. `free` names the members below which a value of any type may stand; elsewhere types stay as they are. `open` names
 * the members that are records of any names, such as headers; `""` is the whole input.
 */
export class Mutation {
  readonly #samples: readonly unknown[];
  readonly #free: ReadonlySet<string>;
  readonly #open: ReadonlySet<string>;
  readonly #texts: readonly string[];
  readonly #bytes: readonly Uint8Array[];
  readonly #parsed = new Map<string, Json | undefined>();

  constructor(samples: readonly unknown[], free: readonly string[], open: readonly string[]) {
    this.#samples = samples;
    this.#free = new Set(free);
    this.#open = new Set([...free, ...open]);
    const leaves = samples.flatMap(leavesOf);
    this.#texts = leaves.filter((leaf) => typeof leaf === "string");
    this.#bytes = leaves.filter((leaf) => leaf instanceof Uint8Array);
  }

  /** A sample with up to four changes; now and then with none. */
  next(random: Random): unknown {
    let value = random.of(this.#samples);
    for (let left = random.below(5); left > 0; left--) value = this.#value(value, random, false, this.#open.has(""));
    return value;
  }

  #value(value: unknown, random: Random, free: boolean, open: boolean): unknown {
    if (free && random.below(4) === 0) return random.value();
    if (typeof value === "string") return this.#text(value, random);
    if (value instanceof Uint8Array) return this.#someBytes(value, random);
    if (typeof value === "number") return random.of(NUMBERS);
    if (typeof value === "boolean") return !value;
    if (Array.isArray(value)) return this.#list(value, random, free);
    return isRecord(value) ? this.#record(value, random, free, open) : value;
  }

  #list(list: readonly unknown[], random: Random, free: boolean): unknown {
    if (list.length === 0) return list;
    const at = random.below(list.length);
    const kind = random.below(6);
    if (kind === 0) return list.toSpliced(at, 1);
    if (kind === 1) return list.toSpliced(at, 0, list[random.below(list.length)]);
    return list.with(at, this.#value(list[at], random, free, free));
  }

  #record(record: Readonly<Record<string, unknown>>, random: Random, free: boolean, open: boolean): unknown {
    const names = Object.keys(record);
    if (names.length === 0) return record;
    const kind = random.below(8);
    const copy: Record<string, unknown> = { ...record };
    const name = random.of(names);
    if (kind === 0) delete copy[name];
    // A stranger names headers and attributes as he likes, after names that exist as well.
    else if (kind === 1 && open) define(copy, this.#name(name, random), copy[random.of(names)]);
    else {
      const value = record[name];
      const changed =
        this.#free.has(name) && isRecord(value)
          ? this.#record(value, random, true, true)
          : this.#value(value, random, free, free || this.#open.has(name));
      define(copy, name, changed);
    }
    return copy;
  }

  #name(like: string, random: Random): string {
    const kind = random.below(4);
    if (kind === 0) return random.of(NAMES);
    if (kind === 1) return like.toUpperCase();
    return this.#changedText(like, random);
  }

  #text(text: string, random: Random): string {
    const json = random.below(3) === 0 ? undefined : this.#jsonOf(text);
    return json === undefined ? this.#changedText(text, random) : written(this.#json(json, random));
  }

  #jsonOf(text: string): Json | undefined {
    if (!text.startsWith("{") && !text.startsWith("[")) return undefined;
    if (this.#parsed.has(text)) return this.#parsed.get(text);
    let json: Json | undefined;
    try {
      json = read(JSON.parse(text));
    } catch {}
    // Only samples are worth keeping: what was changed once seldom comes again.
    if (this.#parsed.size < 100) this.#parsed.set(text, json);
    return json;
  }

  #json(json: Json, random: Random): Json {
    if (typeof json === "string") return this.#leaf(json, random);
    const few = random.below(6);
    if (few === 0) return random.of(LEAVES);
    if (few === 1 && random.below(100) === 0) return nested(json, 1 + random.below(DEEPEST), random);
    if ("items" in json) {
      if (json.items.length === 0) return { items: [random.of(LEAVES)] };
      const at = random.below(json.items.length);
      return { items: json.items.with(at, this.#json(json.items[at]!, random)) };
    }
    const { members } = json;
    if (members.length === 0) return { members: [[random.of(NAMES), random.of(LEAVES)]] };
    const at = random.below(members.length);
    const [name, value] = members[at]!;
    const kind = random.below(8);
    if (kind === 0) return { members: members.toSpliced(at, 1) };
    if (kind === 1)
      return { members: members.toSpliced(random.below(members.length), 0, [name, this.#json(value, random)]) };
    if (kind === 2) return { members: members.toSpliced(at, 0, [random.of(NAMES), random.of(LEAVES)]) };
    if (kind === 3) return { members: members.with(at, [this.#name(name, random), value]) };
    if (kind === 4) return { members: members.with(at, [name, members[random.below(members.length)]![1]]) };
    return { members: members.with(at, [name, this.#json(value, random)]) };
  }

  #leaf(leaf: string, random: Random): Json {
    if (!leaf.startsWith('"') || random.below(3) === 0) return random.of(LEAVES);
    // A string of JSON may hold JSON.
    return JSON.stringify(this.#text(JSON.parse(leaf) as string, random));
  }

  #changedText(text: string, random: Random): string {
    const at = random.below(text.length + 1);
    const until = Math.min(text.length, at + random.below(12));
    switch (random.below(8)) {
      case 0:
        return text.slice(0, at) + text.slice(until);
      case 1:
        return text.slice(0, at) + random.of(TOKENS) + text.slice(at);
      case 2:
        return text.slice(0, at) + random.of(TOKENS) + text.slice(until);
      case 3:
        return text.slice(0, at) + String.fromCharCode(random.below(0x10000)) + text.slice(at + 1);
      case 4:
        return text.slice(0, until) + text.slice(at);
      case 5:
        return text.slice(0, at);
      case 6:
        return text.slice(0, at) + random.of(this.#texts.length === 0 ? TOKENS : this.#texts).slice(random.below(40));
      default:
        return random.below(100) === 0 ? text + random.of(TOKENS).repeat(random.below(4_000)) : text.slice(at);
    }
  }

  #someBytes(bytes: Uint8Array, random: Random): Uint8Array {
    const { length } = bytes;
    const at = random.below(length + 1);
    const until = Math.min(length, at + random.below(16));
    const copy = Buffer.from(bytes);
    switch (random.below(8)) {
      case 0:
        return Buffer.concat([copy.subarray(0, at), copy.subarray(until)]);
      case 1:
        return Buffer.concat([copy.subarray(0, at), Buffer.from(random.of(TOKENS)), copy.subarray(at)]);
      case 2:
        return Buffer.concat([copy.subarray(0, until), copy.subarray(at)]);
      case 3:
        return copy.subarray(0, at);
      case 4:
        return Buffer.concat([copy.subarray(0, at), Buffer.from(random.of(this.#bytes)).subarray(random.below(24))]);
      case 5:
        // A length, or what may be one.
        if (length >= 4)
          copy.writeUInt32BE(random.of([0, 1, 0x7f, 0xff, 0xffff, 0x7fffffff, 0xffffffff]), at % (length - 3));
        return copy;
      case 6:
        return Buffer.concat([
          copy.subarray(0, at),
          Buffer.alloc(9, 0xff),
          Buffer.from([random.below(2)]),
          copy.subarray(until),
        ]);
      default:
        if (at < length) copy[at] = copy[at]! ^ (1 << random.below(8));
        return copy;
    }
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);

function define(record: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(record, name, { value, enumerable: true, configurable: true, writable: true });
}

function leavesOf(value: unknown): readonly unknown[] {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return [value];
  return Object.values(value).flatMap(leavesOf);
}

/** Throws at what is nested deeper than is changed member by member. */
function read(value: unknown, depth = 0): Json {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (depth > SHALLOW) throw new RangeError("nested too deep");
  if (Array.isArray(value)) return { items: value.map((item) => read(item, depth + 1)) };
  return { members: Object.entries(value).map(([name, inner]): Member => [name, read(inner, depth + 1)]) };
}

function written(json: Json): string {
  if (typeof json === "string") return json;
  if ("items" in json) return `[${json.items.map(written).join(",")}]`;
  return `{${json.members.map(([name, value]) => `${JSON.stringify(name)}:${written(value)}`).join(",")}}`;
}

/** The value in a list in a list, or in a member in a member. Sometimes without its end. */
function nested(json: Json, depth: number, random: Random): string {
  const [open, close] = random.below(2) === 0 ? ["[", "]"] : ['{"a":', "}"];
  return open.repeat(depth) + written(json) + (random.below(4) === 0 ? "" : close.repeat(depth));
}
