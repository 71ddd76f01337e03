import { channel } from "@switchyard/core";
import { z } from "zod";

const time = z.codec(z.iso.datetime(), z.date(), {
  decode: (text) => new Date(text),
  encode: (at) => at.toISOString(),
});
/** What befalls the clerk with it: nothing, an error at the first try, an error until somebody repairs it, or it is no order at all. */
const trouble = z.enum(["none", "once", "broken", "refused"]);

/** One at a time and in order, per customer. */
export const orders = channel("orders", {
  messages: {
    "order.placed": z.object({ customerId: z.string(), n: z.int(), placedAt: time, note: z.string(), trouble }),
    "order.cancelled": z.object({ customerId: z.string(), n: z.int(), trouble }),
  },
  orderingKey: "customerId",
});

/** In any order. */
export const notices = channel("notices", {
  messages: {
    "notice.sent": z.object({ n: z.int(), text: z.string(), trouble }),
    "notice.read": z.object({ n: z.int(), by: z.array(z.string()).default([]), trouble }),
  },
});
