import type { Duration } from "@switchyard/core";
import { parseDuration } from "@switchyard/core/driver-kit";
import type { StandardSchemaV1 } from "@standard-schema/spec";

/** The options of `{ use: memory, ... }`. */
export interface MemoryOptions {
  /** Connections that name the same broker share it, within the process. Without a name each `connect()` has its own. */
  readonly broker?: string;
  /**
   * Makes memory behave like another broker, with its limits and its strictness. Models that this broker does not have are refused. `sqs`:
   * standard queues, and FIFO queues if an ordering key is declared. `sqs-fifo`: always FIFO queues.
   */
  readonly profile?: "sqs" | "sqs-fifo";
  /** How long an unsettled message is kept. Default 14 days. With a profile: default 4 days, from 60 s to 14 days. */
  readonly retention?: Duration;
  /** How long a second publish of the same id and hop is ignored. Default: never ignored. A FIFO queue always ignores it for 5 minutes. */
  readonly dedup?: Duration;
  /** The share of unordered messages that are stored twice, from 0 to 1, chosen by the runtime's randomness. Default 0. */
  readonly duplicates?: number;
  /** The largest message, in bytes. Default 16 MiB. With a profile 1 MiB, which is also the most. */
  readonly maxMessageBytes?: number;
}

export interface ResolvedOptions {
  readonly broker: string | undefined;
  readonly profile: "sqs" | "sqs-fifo" | undefined;
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
  if (profile !== undefined && profile !== "sqs" && profile !== "sqs-fifo")
    wrong("profile", 'must be "sqs" or "sqs-fifo"');
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
    profile: profile as ResolvedOptions["profile"],
    retentionMs:
      profile === undefined
        ? duration("retention", 14 * DAY, 1_000, 365 * DAY)
        : duration("retention", 4 * DAY, 60_000, 14 * DAY),
    dedupMs: duration("dedup", 0, 0, DAY),
    duplicates: number("duplicates", 0, 0, 1, false),
    maxMessageBytes:
      profile === undefined
        ? number("maxMessageBytes", 16 * MIB, 1_024, 256 * MIB, true)
        : number("maxMessageBytes", MIB, 1_024, MIB, true),
  };
  return issues.length > 0 ? { issues } : { value };
}

export const optionsSchema: StandardSchemaV1<MemoryOptions | undefined, ResolvedOptions> = {
  "~standard": { version: 1, vendor: "switchyard", validate },
};
