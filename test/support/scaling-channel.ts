import { channel } from "@switchyard/core";
import { type } from "arktype";

/** What the processes of the closed loop of scaling share. */
export const uploads = channel("uploads", { messages: { uploaded: type({ n: "number" }) } });

/** How many videos one encoder works on at once. */
export const CONCURRENCY = 4;

export const config = (url: string, stage: string) =>
  ({
    prefix: stage,
    drain: "10s",
    connections: { it: { use: "amqp", url, provision: "auto" } },
    channels: {
      uploads: {
        model: "queue",
        on: "it",
        groups: { encoder: { concurrency: CONCURRENCY, maxInFlight: CONCURRENCY } },
      },
    },
  }) as const;
