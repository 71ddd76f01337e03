/** The channels of the vision, for the type tests. */
import { channel, type ConnectOptions, type Messaging } from "@switchyard/core";
import type { Adapter } from "@switchyard/core/driver";
import { z } from "zod";

export const time = z.codec(z.iso.datetime(), z.date(), { decode: (s) => new Date(s), encode: (d) => d.toISOString() });

export const orders = channel("orders", {
  messages: {
    "order.placed": z.object({ orderId: z.string(), customerId: z.string(), cents: z.int(), placedAt: time }),
    "order.cancelled": z.object({ orderId: z.string(), customerId: z.string() }),
  },
  orderingKey: "customerId",
});

export const uploads = channel("video-uploads", {
  messages: { "video.uploaded": z.object({ videoId: z.string(), url: z.url() }) },
  needs: { delay: "15m" },
  foreign: "video.uploaded",
});

export const clicks = channel("clicks", {
  messages: { click: z.object({ at: z.int() }) },
  needs: { replay: true, fairness: true },
});

export declare const ordersMessaging: Messaging<typeof orders>;
export declare const uploadsMessaging: Messaging<typeof uploads>;
export declare const allMessaging: Messaging<typeof orders | typeof uploads | typeof clicks>;
export type { ConnectOptions };

interface CloudOptions {
  readonly region?: string;
}
type Made<Keeps> = { readonly use: Adapter<CloudOptions, Keeps> } & CloudOptions;
/** As adapter packages write their factories. */
export declare function cloud(options?: {
  region?: string;
}): Made<{ queue: "ordering" | "delay" | "fairness"; pubsub: "ordering"; stream: "ordering" | "replay" }>;
export declare function queueOnly(): Made<{ queue: "ordering" | "delay" }>;
