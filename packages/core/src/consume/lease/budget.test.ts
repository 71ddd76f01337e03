import { expect, test } from "vitest";
import { Budget } from "./budget.ts";

const MIB = 2 ** 20;

test("who wishes for more than is free waits for it, and is told about", async () => {
  const budget = new Budget(20, MIB);
  let short = 0;
  budget.onShort = () => short++;
  expect(budget.tryTake(20, 10)).toBe(20);
  const granted = budget.take(10, 10);
  expect(short).toBe(0);
  for (let left = 0; left < 9; left++) budget.unreserve(1);
  expect([short, budget.wanted]).toEqual([9, true]);
  budget.unreserve(1);
  expect(await granted).toBe(10);
});

test("an offer gives what there is, to those who asked first", async () => {
  const budget = new Budget(4, MIB);
  expect(budget.tryTake(4)).toBe(4);
  const first = budget.take(4, 2);
  const second = budget.take(4, 2);
  budget.unreserve(1);
  budget.offer();
  expect(await first).toBe(1);
  expect(budget.wanted).toBe(false);
  budget.unreserve(2);
  expect(await second).toBe(2);
});

test("nobody passes one who waits, and closing ends every wait", async () => {
  const budget = new Budget(2, MIB);
  expect(budget.tryTake(2)).toBe(2);
  const waiting = budget.take(2, 2);
  budget.unreserve(1);
  expect(budget.tryTake(1)).toBe(0);
  budget.close();
  expect(await waiting).toBe(0);
});
