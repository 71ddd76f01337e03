import fc from "fast-check";
import { expect, test } from "vitest";
import { epoch } from "./iso-time.ts";

const TIME = "2026-11-23T08:14:09.123Z";

test.each([
  "2026-11-23T08:14:09Z",
  "2026-11-23T09:14:09.123+01:00",
  "2026-11-23T08:14:60.000Z",
  "2026-11-23T08:14:0x.000Z",
  "2026-11-23T08:14:09.1:3Z",
  "2026-11-23T08:14:09.123z",
  "2026-11-23T08:14:09,123Z",
  "2026-11-23T24:00:00.000Z",
  "2026-11-23T24:00:01.000Z",
  "2026-13-23T08:14:09.123Z",
  "2026-02-30T08:14:09.123Z",
  "+02026-11-23T08:14:09.1Z",
  "aaaaaaaaaaaaaaaa:00.000Z",
  "",
])("%s is read as Date.parse reads it, before and after one of its minute", (text) => {
  for (let i = 0; i < 2; i++) {
    expect(epoch(text)).toBe(Date.parse(text));
    expect(epoch(TIME)).toBe(Date.parse(TIME));
  }
});

test("of a day's last midnight there is no second", () => {
  expect(epoch("2026-11-23T24:00:00.000Z")).toBe(Date.parse("2026-11-24T00:00:00.000Z"));
  expect(epoch("2026-11-23T24:00:01.000Z")).toBeNaN();
});

test("what is no text is no time", () => {
  for (const value of [undefined, null, 1, {}, new Date()]) expect(epoch(value)).toBeNaN();
});

test("any time of ours is read back, whatever came before it", () => {
  const near = fc.integer({ min: 0, max: 200_000 }).map((ms) => Date.parse(TIME) + ms);
  const any = fc.date({ noInvalidDate: true }).map((date) => date.getTime());
  fc.assert(
    fc.property(fc.array(fc.oneof(near, any), { maxLength: 20 }), (times) => {
      expect(times.map((time) => epoch(new Date(time).toISOString()))).toEqual(times);
    }),
  );
});
