/** What may stand under `native` for a queue: settings only SQS has. Each is checked before anything is asked of SQS. */
import { kmsKeyProblem, tagsProblem } from "@switchyard/aws-kit";
import type { Destination } from "@switchyard/core/driver";
import { formatDuration, parseDuration } from "@switchyard/core/driver-kit";
import { type Access, accessProblems } from "./native-access.ts";
import {
  DEFAULT_RETENTION_MS,
  MAX_DELAY_MS,
  MAX_HOLD_MS,
  MAX_MESSAGE_BYTES,
  MAX_RETENTION_MS,
  MIN_MESSAGE_BYTES,
  MIN_RETENTION_MS,
  SECOND,
} from "./limits.ts";

/** Resolved, defaults filled in. */
export interface Settings {
  /** Default 4 days; a dead-letter queue 14, because its messages keep the time they were first sent. */
  readonly retentionMs: number;
  readonly maxMessageBytes: number;
  /** Of every message of the queue. */
  readonly delayMs: number;
  /** For consumers that ask for none; ours ask each time. */
  readonly visibilityMs: number;
  /** Absent: SSE-SQS. */
  readonly kmsKey?: string;
  readonly kmsDataKeyReuseMs?: number;
  /** Absent: the queue's policy is not ours to manage. */
  readonly access?: Access;
  readonly tags?: Readonly<Record<string, string>>;
  /** `high`: the limits of a FIFO queue hold for each group, not for the queue. */
  readonly throughput: "high" | "standard";
}

type Native = Readonly<Record<string, unknown>>;
type Check = (value: unknown, of: Destination) => string | undefined;

const duration =
  (min: number, max: number, words: string): Check =>
  (value) => {
    const ms = parseDuration(value);
    return ms !== undefined && ms >= min && ms <= max && ms % SECOND === 0 ? undefined : `${words}, in whole seconds`;
  };

const RETENTION = duration(MIN_RETENTION_MS, MAX_RETENTION_MS, "a duration from 60s to 14d");

const CHECKS: Readonly<Record<string, Check>> = {
  retention: RETENTION,
  delay: duration(0, MAX_DELAY_MS, "a duration from 0s to 15m"),
  visibility: duration(0, MAX_HOLD_MS, "a duration from 0s to 12h"),
  kmsDataKeyReuse: (value, of) =>
    typeof of.native["kmsKey"] === "string"
      ? duration(60 * SECOND, 86_400 * SECOND, "a duration from 60s to 24h")(value, of)
      : "used with kmsKey only; set kmsKey or leave it out",
  maxMessageBytes: (value) =>
    Number.isInteger(value) && (value as number) >= MIN_MESSAGE_BYTES && (value as number) <= MAX_MESSAGE_BYTES
      ? undefined
      : `a whole number of bytes from ${MIN_MESSAGE_BYTES} to ${MAX_MESSAGE_BYTES}`,
  kmsKey: (value) => kmsKeyProblem(value, "SSE-SQS"),
  throughput: (value, of) => {
    if (value !== "high" && value !== "standard") return '"high" (limits per group) or "standard" (limits per queue)';
    return of.ordered ? undefined : "for FIFO queues only; the channel declares no orderingKey";
  },
  tags: tagsProblem,
  access: accessProblems,
};

/** One sentence for each thing wrong. */
export function nativeProblems(of: Destination): readonly string[] {
  const problems: string[] = [];
  if (of.holdMs !== undefined && of.holdMs > MAX_HOLD_MS)
    problems.push(`hold: SQS holds a message for at most 12h, not ${formatDuration(of.holdMs)}`);
  if (of.retentionMs !== undefined) {
    const allowed = RETENTION(of.retentionMs, of);
    if (allowed !== undefined) problems.push(`retention: SQS takes ${allowed}`);
  }
  for (const [key, value] of Object.entries(of.native)) {
    if (value === undefined) continue;
    const check = Object.hasOwn(CHECKS, key) ? CHECKS[key] : undefined;
    const allowed =
      check === undefined ? `not known to SQS; known: ${Object.keys(CHECKS).join(", ")}` : check(value, of);
    if (allowed !== undefined) problems.push(`native.${key}: ${allowed}`);
  }
  return problems;
}

/** Call it only where {@link nativeProblems} found nothing: what does not fit is taken as not said. */
export function settingsOf(of: Destination): Settings {
  const { native } = of;
  const kmsKey = valid(of, "kmsKey") ? (native["kmsKey"] as string) : undefined;
  const reuse = kmsKey === undefined ? undefined : milliseconds(of, "kmsDataKeyReuse");
  return {
    retentionMs:
      milliseconds(of, "retention") ?? of.retentionMs ?? (of.dead === true ? MAX_RETENTION_MS : DEFAULT_RETENTION_MS),
    maxMessageBytes: valid(of, "maxMessageBytes") ? (native["maxMessageBytes"] as number) : MAX_MESSAGE_BYTES,
    delayMs: milliseconds(of, "delay") ?? 0,
    visibilityMs:
      milliseconds(of, "visibility") ?? Math.min(Math.ceil((of.holdMs ?? 60 * SECOND) / SECOND) * SECOND, MAX_HOLD_MS),
    throughput: valid(of, "throughput") ? (native["throughput"] as "high" | "standard") : "high",
    ...(kmsKey === undefined ? {} : { kmsKey }),
    ...(reuse === undefined ? {} : { kmsDataKeyReuseMs: reuse }),
    ...(valid(of, "access") ? { access: native["access"] as Access } : {}),
    ...(valid(of, "tags") ? { tags: native["tags"] as Native as Readonly<Record<string, string>> } : {}),
  };
}

function valid(of: Destination, key: string): boolean {
  return of.native[key] !== undefined && CHECKS[key]!(of.native[key], of) === undefined;
}

function milliseconds(of: Destination, key: string): number | undefined {
  return valid(of, key) ? parseDuration(of.native[key]) : undefined;
}
