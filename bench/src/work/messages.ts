import { channel } from "@switchyard/core";
import { z } from "zod";

/** 1 KB as JSON. */
export const TEXT = "x".repeat(1_000);
export const message = (id: number): { id: number; text: string } => ({ id, text: TEXT });

/** A schema that costs nothing, so that what is measured is ours; peers validate nothing either. */
export const anything = {
  "~standard": {
    version: 1,
    vendor: "bench",
    validate: (value: unknown) => ({ value: value as { id: number; text: string } }),
    types: undefined as unknown as { input: { id: number; text: string }; output: { id: number; text: string } },
  },
} as const;

export const jobs = channel("jobs", { messages: { job: anything } });
export const ordered = channel("ordered", {
  messages: { job: anything },
  orderingKey: ({ data }) => `k${data.id % 100}`,
});

export const order = (id: number) => ({ orderId: "o-12345", customerId: "c-99", cents: id });
const looseOrder = {
  "~standard": { ...anything["~standard"], types: undefined as unknown as { input: Order; output: Order } },
} as const;
interface Order {
  orderId: string;
  customerId: string;
  cents: number;
}
export const orders = channel("orders", { messages: { placed: looseOrder } });
export const checkedOrders = channel("orders", {
  messages: { placed: z.object({ orderId: z.string(), customerId: z.string(), cents: z.int() }) },
});

export const silent = (): void => {};
