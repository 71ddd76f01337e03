// Shared by producer and consumer; any Standard Schema library.
import { channel } from "@switchyard/core";
import { z } from "zod";

const time = z.codec(z.iso.datetime(), z.date(), { decode: (s) => new Date(s), encode: (d) => d.toISOString() });

export const orders = channel("orders", {
  messages: {
    "order.placed": z.object({ orderId: z.string(), customerId: z.string(), cents: z.int(), placedAt: time }),
    "order.cancelled": z.object({ orderId: z.string(), customerId: z.string() }),
  },
  orderingKey: "customerId", // one at a time, in order, per customer; refused at start where it can't be kept
});

export const uploads = channel("video-uploads", {
  messages: { "video.uploaded": z.object({ videoId: z.string(), url: z.url() }) },
  needs: { delay: "15m" }, // an option whose need is not declared does not compile
  foreign: "video.uploaded", // plain JSON from a producer that has never heard of us
});
