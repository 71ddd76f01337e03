/** The brokers that memory can stand in for, their models and their limits. */
import type { Destination } from "@switchyard/core/driver";

export const PROFILES = ["sqs", "sqs-fifo", "sns", "kinesis", "rabbitmq-queue", "rabbitmq-stream"] as const;
export type Profile = (typeof PROFILES)[number];

/** Whose rules a queue, a topic or a stream follows. Beside SNS and Kinesis are queues of SQS: of groups, and of dead letters. */
export type Form = "memory" | "sqs" | "sqs-fifo" | "kinesis" | "rabbitmq";

export const isSqs = (form: Form | undefined): form is "sqs" | "sqs-fifo" => form === "sqs" || form === "sqs-fifo";

const MIB = 2 ** 20;
const DAY = 86_400_000;
const HOUR = 3_600_000;
/** SQS: "5-minute deduplication interval", not configurable. */
export const FIFO_DEDUP_MS = 300_000;
/** SQS: a hold ends 12 hours after its receive at the latest. */
export const SQS_HOLD_MS = 12 * HOUR;
/** RabbitMQ's default of `consumer_timeout`. */
export const CONSUMER_TIMEOUT_MS = HOUR / 2;

/** Undefined if the profile's broker has no such model. */
export function formOf(
  { model, ordered }: Pick<Destination, "model" | "ordered">,
  { profile }: { readonly profile: Profile | undefined },
): Form | undefined {
  switch (profile) {
    case undefined:
      return "memory";
    case "sqs":
    case "sqs-fifo":
      if (model !== "queue") return undefined;
      return ordered ? "sqs-fifo" : profile;
    case "sns":
      if (model === "stream") return undefined;
      return ordered ? "sqs-fifo" : "sqs";
    case "kinesis":
      if (model === "queue") return ordered ? "sqs-fifo" : "sqs";
      return model === "stream" ? "kinesis" : undefined;
    case "rabbitmq-queue":
      return model === "stream" ? undefined : "rabbitmq";
    case "rabbitmq-stream":
      return model === "pubsub" ? undefined : "rabbitmq";
  }
}

/** How long a message is kept, in milliseconds, from its broker's documentation. RabbitMQ's queues keep it for ever. */
export const RETENTION: Readonly<
  Record<Profile, { readonly fallback: number; readonly least: number; readonly most: number }>
> = {
  sqs: { fallback: 4 * DAY, least: 60_000, most: 14 * DAY },
  "sqs-fifo": { fallback: 4 * DAY, least: 60_000, most: 14 * DAY },
  sns: { fallback: 4 * DAY, least: 60_000, most: 14 * DAY },
  kinesis: { fallback: DAY, least: DAY, most: 365 * DAY },
  "rabbitmq-queue": { fallback: 36_500 * DAY, least: 1_000, most: 36_500 * DAY },
  "rabbitmq-stream": { fallback: 36_500 * DAY, least: 1_000, most: 36_500 * DAY },
};

/** The largest message in bytes: unless set otherwise, and at most. */
export const LARGEST: Readonly<Record<Profile, { readonly fallback: number; readonly most: number }>> = {
  sqs: { fallback: MIB, most: MIB },
  "sqs-fifo": { fallback: MIB, most: MIB },
  sns: { fallback: MIB, most: MIB },
  kinesis: { fallback: MIB, most: 10 * MIB },
  "rabbitmq-queue": { fallback: 16 * MIB, most: 128 * MIB },
  "rabbitmq-stream": { fallback: 16 * MIB, most: 128 * MIB },
};
