import { describe, expect, test } from "vitest";
import { backoffMs, longestBackoffMs } from "./backoff.ts";

const exponential = { backoff: "exponential", firstMs: 200, maxMs: 5_000 } as const;
const draws = [0, 0.001, 0.5, 0.999999];
const nominal = [200, 400, 800, 1_600, 3_200, 5_000, 5_000];

describe("back-off", () => {
  test("jitter only adds, at most half by default, and never past max", () => {
    nominal.forEach((ms, i) => {
      for (const draw of draws) {
        const wait = backoffMs(exponential, i + 1, () => draw);
        expect(wait).toBeGreaterThanOrEqual(ms);
        expect(wait).toBeLessThanOrEqual(Math.min(ms * 1.5, 5_000));
        expect(wait).toBeLessThanOrEqual(longestBackoffMs(exponential, i + 1));
      }
    });
    expect(backoffMs(exponential, 1, () => 0.999999)).toBe(300);
  });

  test("without jitter the waits are exact; constant and linear have none unless asked for", () => {
    const random = () => 0.9;
    expect(nominal.map((_, i) => backoffMs({ ...exponential, jitter: 0 }, i + 1, random))).toEqual(nominal);
    expect(backoffMs({ ...exponential, backoff: "constant" }, 3, random)).toBe(200);
    expect(backoffMs({ ...exponential, backoff: "linear" }, 3, random)).toBe(600);
    expect(backoffMs({ ...exponential, backoff: "constant", jitter: 1 }, 3, random)).toBe(380);
  });
});
