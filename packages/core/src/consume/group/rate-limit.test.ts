import { expect, it } from "vitest";
import type { HeldMessage } from "../lease/held-message.ts";
import { RateLimit } from "./rate-limit.ts";

const clock = () => {
  let at = 1_000;
  return { monotonic: () => at, advance: (ms: number) => void (at += ms) };
};
const message = (of: { readonly key?: string; readonly type?: string }) =>
  ({ delivery: { message: { ...of } }, lane: undefined }) as unknown as HeldMessage;

it("lets so many start at once, and then so many in each period, spread over it", () => {
  const time = clock();
  const rate = new RateLimit({ max: 4, perMs: 1_000 }, time);
  for (let i = 0; i < 4; i++) rate.take(message({}));
  expect([rate.room, rate.refillMs]).toEqual([0, 250]);
  time.advance(250);
  expect(rate.room).toBe(1);
  time.advance(10_000);
  expect(rate.room).toBe(4);
});

it("limits each key on its own, and messages without one together", () => {
  const time = clock();
  const rate = new RateLimit({ max: 1, perMs: 1_000, key: "ordering-key" }, time);
  rate.take(message({ key: "a" }));
  rate.take(message({}));
  expect([{ key: "a" }, { key: "b" }, {}].map((of) => rate.waitMs(message(of)))).toEqual([1_000, 0, 1_000]);
  expect(rate.room).toBe(Number.POSITIVE_INFINITY);
  time.advance(1_000);
  expect(rate.waitMs(message({ key: "a" }))).toBe(0);
});

it("remembers a bounded number of keys", () => {
  const rate = new RateLimit({ max: 1, perMs: 1_000, key: "type" }, clock());
  for (let i = 0; i <= 10_000; i++) rate.take(message({ type: `t${i}` }));
  // The first was forgotten: it starts anew.
  expect([rate.waitMs(message({ type: "t0" })), rate.waitMs(message({ type: "t10000" }))]).toEqual([0, 1_000]);
});
