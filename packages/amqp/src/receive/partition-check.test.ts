import type { DriverEvent } from "@switchyard/core/driver";
import { expect, test } from "vitest";
import { PartitionCheck } from "./partition-check.ts";

test("the first message in another partition than its key's is told, once, with the bucket its publisher should send", () => {
  const events: DriverEvent[] = [];
  const check = new PartitionCheck("p_orders_main", 4, (event) => events.push(event));
  check.look("customer 9", 1);
  check.look(undefined, 3);
  expect(events).toEqual([]);
  check.look("customer 9", 0);
  check.look("customer 9", 0);
  expect(events).toEqual([
    {
      type: "warning",
      id: "p_orders_main",
      cause: expect.objectContaining({
        code: "wrong-partition",
        message: expect.stringMatching(
          /"p_orders_main_p0" whose ordering key belongs in "p_orders_main_p1".*bucket-141/s,
        ),
      }),
    },
  ]);
});
