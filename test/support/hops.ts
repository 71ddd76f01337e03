/** A channel whose delays of more than a second go through a delay queue of SQS. */
import { channel, consumer } from "@switchyard/core";
import { z } from "zod";

export const reminders = channel("reminders", {
  messages: { reminder: z.object({ n: z.int() }) },
  needs: { delay: "1h" },
});

export const consumerOf = (handle: (n: number) => unknown) =>
  consumer(reminders, "mailer", { reminder: ({ n }) => handle(n) as Promise<void> });

export const hopsConfig = (prefix: string, connection: object) => ({
  prefix,
  drain: "2s" as const,
  connections: { jobs: { use: "sqs" as const, ...connection } },
  channels: {
    reminders: {
      model: "queue" as const,
      on: "jobs",
      native: { hops: { longest: "1h", above: "1s" } },
      groups: { mailer: {} },
    },
  },
});
