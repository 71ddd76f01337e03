/** What may stand under `native` for a stream or a group: settings only Kinesis has. Each is checked before anything is asked of Kinesis. */
import { kmsKeyProblem, tagsProblem } from "@switchyard/aws-kit";
import type { Destination } from "@switchyard/core/driver";
import { DEFAULT_RECORD_KIB, MAX_RECORD_KIB, MAX_RETENTION_MS, MIN_RETENTION_MS } from "./limits.ts";

/** Resolved, defaults filled in. */
export interface Settings {
  /** `partitions` given: provisioned with as many shards; else on demand. */
  readonly mode: "ON_DEMAND" | "PROVISIONED";
  readonly shards?: number;
  readonly maxRecordKiB: number;
  readonly retentionHours: number;
  /** Default the AWS-managed key of Kinesis; undefined: not encrypted. */
  readonly kmsKey: string | undefined;
  readonly tags?: Readonly<Record<string, string>>;
}

const HOUR = 3_600_000;
/** The AWS-managed key: costs nothing by itself, and is there in every account. */
const MANAGED_KEY = "alias/aws/kinesis";

type Check = (value: unknown, of: Destination) => string | undefined;

const CHECKS: Readonly<Record<string, Check>> = {
  mode: (value, of) => {
    if (value !== "on-demand" && value !== "provisioned") return '"on-demand" or "provisioned"';
    if (value === "provisioned" && of.partitions === undefined) return "provisioned with `partitions` beside it only";
    if (value === "on-demand" && of.partitions !== undefined)
      return '"on-demand" without `partitions` only: such a stream grows and shrinks by itself';
    return undefined;
  },
  maxRecordKiB: (value) =>
    Number.isInteger(value) && (value as number) >= DEFAULT_RECORD_KIB && (value as number) <= MAX_RECORD_KIB
      ? undefined
      : `a whole number of KiB from ${DEFAULT_RECORD_KIB} to ${MAX_RECORD_KIB}`,
  encryption: (value) => (value === "none" || value === "kms" ? undefined : '"kms" or "none"'),
  kmsKey: (value, of) => {
    if (of.native["encryption"] === "none") return 'used with encryption: "kms" only';
    return kmsKeyProblem(value, MANAGED_KEY);
  },
  fanOut: (value) => (typeof value === "boolean" ? undefined : "true or false"),
  tags: tagsProblem,
};

/** One sentence for each thing wrong. */
export function nativeProblems(of: Destination): readonly string[] {
  const problems: string[] = [];
  const { retentionMs } = of;
  if (
    retentionMs !== undefined &&
    !(retentionMs >= MIN_RETENTION_MS && retentionMs <= MAX_RETENTION_MS && retentionMs % HOUR === 0)
  )
    problems.push("retention: Kinesis takes a duration from 24h to 365d, in whole hours");
  for (const [key, value] of Object.entries(of.native)) {
    if (value === undefined) continue;
    const check = Object.hasOwn(CHECKS, key) ? CHECKS[key] : undefined;
    const allowed =
      check === undefined ? `not known to Kinesis; known: ${Object.keys(CHECKS).join(", ")}` : check(value, of);
    if (allowed !== undefined) problems.push(`native.${key}: ${allowed}`);
  }
  return problems;
}

/** Call it only where {@link nativeProblems} found nothing: what does not fit is taken as not said. */
export function settingsOf(of: Destination): Settings {
  const native = Object.fromEntries(
    Object.entries(of.native).filter(([key, value]) => CHECKS[key]?.(value, of) === undefined),
  ) as { maxRecordKiB?: number; encryption?: string; kmsKey?: string; tags?: Record<string, string> };
  return {
    mode: of.partitions === undefined ? "ON_DEMAND" : "PROVISIONED",
    ...(of.partitions === undefined ? {} : { shards: of.partitions }),
    maxRecordKiB: native.maxRecordKiB ?? DEFAULT_RECORD_KIB,
    retentionHours: Math.round((of.retentionMs ?? MIN_RETENTION_MS) / HOUR),
    kmsKey: native.encryption === "none" ? undefined : (native.kmsKey ?? MANAGED_KEY),
    ...(native.tags === undefined ? {} : { tags: native.tags }),
  };
}

/** Is this group read by enhanced fan-out? */
export function fansOut(of: Destination, byDefault: boolean | undefined): boolean {
  const own = of.native["fanOut"];
  return of.group !== undefined && (typeof own === "boolean" ? own : byDefault === true);
}
