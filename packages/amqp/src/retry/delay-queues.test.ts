import fc from "fast-check";
import { expect, test } from "vitest";
import { delayQueues, nextDelay } from "./delay-queues.ts";

test("the steps of any delay add up to no less than asked, and to little more", () => {
  const ttl = new Map(delayQueues("d").map(({ name, ttlMs }) => [name, ttlMs]));
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 7 * 86_400_000 }), (delayMs) => {
      let waited = 0;
      let hops = 0;
      for (let left = delayMs; left > 0; hops++) {
        const { exchange, leftMs } = nextDelay("d", left);
        waited += ttl.get(exchange)!;
        left = leftMs;
      }
      expect(waited).toBeGreaterThanOrEqual(delayMs);
      expect(waited - delayMs).toBeLessThan(250);
      expect(hops).toBeLessThan(60);
    }),
  );
});
