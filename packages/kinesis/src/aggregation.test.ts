import fc from "fast-check";
import { expect, test } from "vitest";
import { deaggregate } from "./aggregation.ts";
import { aggregate, sealed } from "./fixtures/fakes.ts";

const text = (records: ReturnType<typeof deaggregate>) =>
  records?.map(({ key, data }) => [key, Buffer.from(data).toString()]);

test("what KPL packed is taken apart, in order", () => {
  expect(text(deaggregate(aggregate(["a", "one"], ["b", "two"], ["a", ""])))).toEqual([
    ["a", "one"],
    ["b", "two"],
    ["a", ""],
  ]);
});

test("a record of KPL's own making: tags and explicit hash keys are passed over", () => {
  // keys [a], hash keys [0], one record with tag {k: v} and data "x".
  const body = Buffer.from("0a0161120130" + "1a0e" + "0800" + "1000" + "1a0178" + "22050a016b1200", "hex");
  expect(text(deaggregate(sealed(body.subarray(0, body.length))))).toEqual([["a", "x"]]);
});

test.each([
  ["a false MD5", (good: Buffer) => good.fill(0, good.length - 1)],
  ["a false magic", (good: Buffer) => good.fill(0, 0, 1)],
  ["a byte changed", (good: Buffer) => good.fill(0xff, 10, 11)],
  ["a byte missing", (good: Buffer) => good.subarray(0, good.length - 1)],
  ["nothing", () => Buffer.alloc(0)],
  ["the magic alone", (good: Buffer) => good.subarray(0, 4)],
])("%s: the record is delivered as it came", (_, spoil) => {
  expect(deaggregate(spoil(aggregate(["a", "one"])))).toBeUndefined();
});

test.each([
  ["an index beyond the keys", "0a01611a0508091a0178"],
  ["a length beyond the end", "0a01611aff7f"],
  ["a number without an end", "0a01611a0bffffffffffffffffffffff"],
  ["field 0", "0200"],
  ["a group", "0b"],
  ["a record without data", "0a01611a020800"],
  ["nothing inside", ""],
  ["keys without a record", "0a0161"],
  ["keys that are no text", "0a01ff1a050800" + "1a0178"],
])("hostile: %s, under a true MD5", (_, hex) => {
  expect(deaggregate(sealed(Buffer.from(hex, "hex")))).toBeUndefined();
});

test("whatever stands under a true MD5, it neither throws nor makes more than was given", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (body) => {
      const found = deaggregate(sealed(body));
      expect((found ?? []).reduce((sum, { data }) => sum + data.length, 0)).toBeLessThanOrEqual(body.length);
    }),
    { numRuns: 2_000 },
  );
});
