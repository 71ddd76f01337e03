/** The settings under `native` of a stream or a group, which only Kinesis has. They are checked before any call to Kinesis. */
import { kmsKeyProblem, lambdaProblems, tagsProblem } from "@switchyard/aws-kit";
import type { Destination } from "@switchyard/core/driver";
import { DEFAULT_RECORD_KIB, MAX_RECORD_KIB, MAX_RETENTION_MS, MIN_RETENTION_MS } from "./limits.ts";

/** The settings with their defaults. */
export interface Settings {
  /** Provisioned with `partitions` shards if that is set, otherwise on demand. */
  readonly mode: "ON_DEMAND" | "PROVISIONED";
  readonly shards?: number;
  readonly maxRecordKiB: number;
  readonly retentionHours: number;
  /** Default: the AWS-managed key of Kinesis. Undefined: not encrypted. */
  readonly kmsKey: string | undefined;
  readonly tags?: Readonly<Record<string, string>>;
}

const HOUR = 3_600_000;
/** The AWS-managed key. It costs nothing by itself and exists in every account. */
const MANAGED_KEY = "alias/aws/kinesis";

type Check = (value: unknown, of: Destination) => string | undefined;

/** The comments are those of docs/transports/kinesis.md. */
const CHECKS: Readonly<Record<string, Check>> = {
  /** Whether the stream has a fixed number of shards. Default: `provisioned` where the channel sets `partitions`, else `on-demand`. */
  mode: (value, of) => {
    if (value !== "on-demand" && value !== "provisioned") return '"on-demand" or "provisioned"';
    if (value === "provisioned" && of.partitions === undefined) return "provisioned only together with `partitions`";
    if (value === "on-demand" && of.partitions !== undefined)
      return '"on-demand" only without `partitions`: such a stream grows and shrinks by itself';
    return undefined;
  },
  /** The largest record, with its key. Default: 1,024. */
  maxRecordKiB: (value) =>
    Number.isInteger(value) && (value as number) >= DEFAULT_RECORD_KIB && (value as number) <= MAX_RECORD_KIB
      ? undefined
      : `a whole number of KiB from ${DEFAULT_RECORD_KIB} to ${MAX_RECORD_KIB}`,
  /** Whether the stream is encrypted. Default: `kms`. */
  encryption: (value) => (value === "none" || value === "kms" ? undefined : '"kms" or "none"'),
  /** Encrypts with this key. Default: `alias/aws/kinesis`, which AWS manages. */
  kmsKey: (value, of) => {
    if (of.native["encryption"] === "none") return 'allowed only with encryption: "kms"';
    return kmsKeyProblem(value, MANAGED_KEY);
  },
  /** Of a group: whether it is read by enhanced fan-out. Default: the connection's `fanOut`. */
  fanOut: (value) => (typeof value === "boolean" ? undefined : "true or false"),
  /** Tags of the stream. Default: none. */
  tags: tagsProblem,
  /** Of a group that runs on AWS Lambda: its function and event source mapping. Checked as a whole. Default: not known. */
  lambda: () => undefined,
};

/** What is wrong with the settings, one sentence each. */
export function nativeProblems(of: Destination): readonly string[] {
  const problems: string[] = [];
  const { retentionMs } = of;
  if (
    retentionMs !== undefined &&
    !(retentionMs >= MIN_RETENTION_MS && retentionMs <= MAX_RETENTION_MS && retentionMs % HOUR === 0)
  )
    problems.push("retention: Kinesis takes a duration from 24h to 365d, in whole hours");
  problems.push(...lambdaProblems(of));
  for (const [key, value] of Object.entries(of.native)) {
    if (value === undefined) continue;
    const check = Object.hasOwn(CHECKS, key) ? CHECKS[key] : undefined;
    const allowed =
      check === undefined ? `not known to Kinesis; known: ${Object.keys(CHECKS).join(", ")}` : check(value, of);
    if (allowed !== undefined) problems.push(`native.${key}: ${allowed}`);
  }
  return problems;
}

/** For settings in which {@link nativeProblems} found nothing. An invalid setting counts as absent. */
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

/** Whether this group is read by enhanced fan-out. */
export function fansOut(of: Destination, byDefault: boolean | undefined): boolean {
  const own = of.native["fanOut"];
  return of.group !== undefined && (typeof own === "boolean" ? own : byDefault === true);
}
