/** The fuzzer finds what it is for: readers that are broken in one way each. */
import { isDeepStrictEqual } from "node:util";
import { MessagingError } from "@switchyard/core/driver-kit";
import { afterEach, expect, test } from "vitest";
import { Random } from "../support/fuzz.ts";
import { Mutation } from "../support/fuzz/mutation.ts";
import { type Decoder, fuzzDecoder } from "../support/fuzz/run.ts";

const samples = [{ body: '{"id":"m-1","n":1,"inner":{"a":[1,2]}}', headers: { tenant: "t-1" } }];
const parsed = ({ body = "" }: { readonly body?: string }): any => {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
};
const decoder = (read: Decoder["read"], more: Partial<Decoder> = {}): Decoder => ({
  name: "broken",
  samples,
  read,
  ...more,
});
const run = (broken: Decoder) => () => fuzzDecoder(broken, 5_000, 1);

afterEach(() => {
  delete (Object.prototype as { polluted?: unknown }).polluted;
});

function merged(into: any, from: any): any {
  for (const name in from) {
    if (typeof from[name] === "object" && typeof into[name] === "object" && into[name] !== null)
      merged(into[name], from[name]);
    else into[name] = from[name];
  }
  return into;
}

test("a reader that throws anything but a MessagingError, with the command that repeats it", () => {
  expect(run(decoder((input) => parsed(input)?.inner.a.length))).toThrow(
    /npm run fuzz -- --decoder broken --seed \d+ --inputs 1: TypeError/,
  );
});

test("a reader that changes a prototype", () => {
  expect(run(decoder((input) => merged({}, parsed(input) ?? {})))).toThrow(/prototype/);
});

test("a reader that makes much of little", () => {
  expect(run(decoder(({ body = "" }) => body.padEnd(body.length * 1_000, "x")))).toThrow(/bytes were read from/);
});

test("a reader that does not read what it wrote", () => {
  const again = (read: { readonly n?: unknown }) => [read.n ?? 0, Number(read.n ?? 0)] as const;
  expect(run(decoder((input) => parsed(input) ?? undefined, { again }))).toThrow(/read again it is/);
});

test("a sample that is not read", () => {
  expect(run(decoder(() => undefined))).toThrow("a sample is not read");
});

test("refusals are no failure, and are counted", () => {
  const strict = decoder(({ body = "" }) => {
    if (body !== samples[0]!.body) throw new MessagingError("no", "not this", { kind: "permanent" });
    return body;
  });
  const { inputs, read } = fuzzDecoder(strict, 1_000, 1);
  expect(inputs).toBe(1_000);
  expect(read).toBeGreaterThan(100);
  expect(read).toBeLessThan(900);
});

test("the same seed gives the same input, another seed another", () => {
  const inputOf = (seed: number) => new Mutation(samples, [], ["headers"]).next(new Random(seed));
  const seeds = Array.from({ length: 50 }, (_, seed) => seed);
  expect(seeds.map(inputOf)).toEqual(seeds.map(inputOf));
  expect(seeds.filter((seed) => !isDeepStrictEqual(inputOf(seed), inputOf(seed + 1))).length).toBeGreaterThan(25);
});
