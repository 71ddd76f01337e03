import { channel } from "@switchyard/core";
import { z } from "zod";

/** What is sent. Where it goes is a matter of switchyard.config.yaml. */
export const orders = channel("orders", {
  messages: { "order.placed": z.object({ orderId: z.string(), cents: z.int().min(0) }) },
});
