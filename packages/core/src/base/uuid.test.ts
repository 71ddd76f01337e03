import { expect, test } from "vitest";
import { uuidSource } from "./uuid.ts";

test("ids are version 4 UUIDs, no two alike, over several refills", () => {
  const uuid = uuidSource();
  const ids = Array.from({ length: 1_000 }, () => uuid());
  expect(new Set(ids).size).toBe(1_000);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test("two sources share nothing", () => {
  expect(uuidSource()()).not.toBe(uuidSource()());
});

test("every bit that is free varies", () => {
  const uuid = uuidSource();
  let ones = 0n;
  let zeros = 0n;
  for (let i = 0; i < 500; i++) {
    const bits = BigInt(`0x${uuid().replaceAll("-", "")}`);
    ones |= bits;
    zeros |= ~bits & ((1n << 128n) - 1n);
  }
  const fixed = (0xfn << 76n) | (0x3n << 62n);
  expect(ones & zeros & ~fixed).toBe(((1n << 128n) - 1n) & ~fixed);
});
