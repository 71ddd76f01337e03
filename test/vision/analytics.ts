// Batches, with a verdict per item.
import { batchConsumer } from "@switchyard/core";
import type { Warehouse } from "./bank.ts";
import { orders } from "./channels.ts";

export const analytics = (warehouse: Warehouse) =>
  batchConsumer(
    orders,
    "analytics",
    async (batch) => {
      const placed = [...batch].filter((d) => d.type === "order.placed"); // narrows
      const rejected = await warehouse.insert(
        placed.map((d) => ({ id: d.id, at: d.data.placedAt })),
        batch.signal,
      );
      for (const { row, error } of rejected) batch.fail(placed[row]!, error); // the rest are acknowledged
    },
    { batch: { size: 500, wait: "2s" } },
  );
