import type { Duration } from "@switchyard/core";
import { parseDuration } from "@switchyard/core/driver-kit";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { LARGEST, type Profile, PROFILES, RETENTION } from "./profiles.ts";

/** The options of `{ use: memory, ... }`. */
export interface MemoryOptions {
  /** Connections that name the same broker share it, within the process. Without a name each `connect()` has its own. */
  readonly broker?: string;
  /**
   * Makes memory behave like another broker, with its limits and its strictness. Models that this broker does not have are refused.
   *
   * - `sqs`: standard queues, and FIFO queues if an ordering key is declared. `sqs-fifo`: always FIFO queues.
   * - `sns`: topics with queues of SQS.
   * - `kinesis`, `rabbitmq-stream`: streams.
   * - `rabbitmq-queue`: queues and pub/sub.
   */
  readonly profile?: Profile;
  /**
   * How long an unsettled message is kept. Default 14 days. As SQS and SNS: default 4 days, from 60 s to 14 days. As Kinesis: default 1 day,
   * which is the least, to 365 days. As RabbitMQ: default for ever.
   */
  readonly retention?: Duration;
  /** How long a second publish of the same id and hop is ignored. Default: never ignored. A FIFO queue always ignores it for 5 minutes. */
  readonly dedup?: Duration;
  /** The share of unordered messages that are stored twice, from 0 to 1, chosen by the runtime's randomness. Default 0. */
  readonly duplicates?: number;
  /**
   * The largest message, in bytes. Default 16 MiB. As SQS and SNS 1 MiB, which is also the most. As Kinesis 1 MiB, at most 10 MiB. As RabbitMQ
   * 16 MiB, at most 128 MiB.
   */
  readonly maxMessageBytes?: number;
}

export interface ResolvedOptions {
  readonly broker: string | undefined;
  readonly profile: Profile | undefined;
  readonly retentionMs: number;
  readonly dedupMs: number;
  readonly duplicates: number;
  readonly maxMessageBytes: number;
}

const MIB = 2 ** 20;
const DAY = 86_400_000;
const KEYS = ["broker", "profile", "retention", "dedup", "duplicates", "maxMessageBytes"] as const;

type Issue = StandardSchemaV1.Issue;

function validate(input: unknown): StandardSchemaV1.Result<ResolvedOptions> {
  if (input !== undefined && (typeof input !== "object" || input === null || Array.isArray(input))) {
    return { issues: [{ message: "must be an object" }] };
  }
  const given = (input ?? {}) as Record<string, unknown>;
  const issues: Issue[] = [];
  const wrong = (key: string, message: string) => void issues.push({ path: [key], message });
  for (const key of Object.keys(given)) {
    if (!(KEYS as readonly string[]).includes(key)) wrong(key, `unknown; allowed: ${KEYS.join(", ")}`);
  }
  const { broker, profile } = given;
  if (broker !== undefined && (typeof broker !== "string" || broker === ""))
    wrong("broker", "must be a name, not empty");
  const known = PROFILES.find((one) => one === profile);
  if (profile !== undefined && known === undefined) wrong("profile", `must be one of: ${PROFILES.join(", ")}`);
  const kept = known === undefined ? { fallback: 14 * DAY, least: 1_000, most: 365 * DAY } : RETENTION[known];
  const largest = known === undefined ? { fallback: 16 * MIB, most: 256 * MIB } : LARGEST[known];
  const duration = (key: "retention" | "dedup", fallback: number, least: number, most: number): number => {
    if (given[key] === undefined) return fallback;
    const ms = parseDuration(given[key]);
    if (ms !== undefined && ms >= least && ms <= most) return ms;
    wrong(key, `must be a duration from ${least / 1000}s to ${most / DAY}d, such as 30s or 4d`);
    return fallback;
  };
  const number = (
    key: "duplicates" | "maxMessageBytes",
    fallback: number,
    least: number,
    most: number,
    whole: boolean,
  ): number => {
    const value = given[key];
    if (value === undefined) return fallback;
    if (typeof value === "number" && value >= least && value <= most && (!whole || Number.isInteger(value)))
      return value;
    wrong(key, `must be a ${whole ? "whole " : ""}number from ${least} to ${most}`);
    return fallback;
  };
  const value: ResolvedOptions = {
    broker: broker as string | undefined,
    profile: known,
    retentionMs: duration("retention", kept.fallback, kept.least, kept.most),
    dedupMs: duration("dedup", 0, 0, DAY),
    duplicates: number("duplicates", 0, 0, 1, false),
    maxMessageBytes: number("maxMessageBytes", largest.fallback, 1_024, largest.most, true),
  };
  return issues.length > 0 ? { issues } : { value };
}

export const optionsSchema: StandardSchemaV1<MemoryOptions | undefined, ResolvedOptions> = {
  "~standard": { version: 1, vendor: "switchyard", validate },
};
