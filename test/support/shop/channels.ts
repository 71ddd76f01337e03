/** A shop as its operator meets it: what the command line is tried on. */
import { channel, consumer } from "@switchyard/core";
import { z } from "zod";

export const service = "shop";
export const orders = channel("orders", {
  messages: { "order.placed": z.object({ order: z.string(), cents: z.int().min(0) }) },
});
export const clicks = channel("clicks", {
  messages: { clicked: z.object({ page: z.string() }) },
  orderingKey: "page",
  needs: { replay: true },
});
export const news = channel("news", { messages: { told: z.object({ text: z.string() }) } });
export const consumers = [consumer(orders, "billing", { "order.placed": () => {} })];
