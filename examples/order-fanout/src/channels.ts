import { channel } from "@switchyard/core";
import { z } from "zod";

const order = { orderId: z.string(), customerId: z.string() };

export const orders = channel("orders", {
  messages: {
    "order.placed": z.object({ ...order, cents: z.int() }),
    "order.cancelled": z.object(order),
  },
  orderingKey: "customerId", // one at a time and in order, per customer
});
