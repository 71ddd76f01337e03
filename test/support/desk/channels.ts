/** Channels whose dead letters are hard to handle: with ordering keys, secret, large, and of two groups in one place. */
import { channel } from "@switchyard/core";
import { z } from "zod";

const text = z.object({ text: z.string() });

/** `box` is the ordering key. */
export const parcels = channel("parcels", {
  messages: { packed: z.object({ box: z.string(), n: z.int() }), weighed: z.object({ box: z.string(), n: z.int() }) },
  orderingKey: "box",
});
export const secrets = channel("secrets", { messages: { written: text } });
export const photos = channel("photos", { messages: { taken: text } });
export const claims = channel("claims", { messages: { made: text } });
export const refunds = channel("refunds", { messages: { made: text } });
export const invoices = channel("invoices", { messages: { sent: text } });
export const graves = channel("graves", { messages: { made: text } });
