/** Plans and makes the lifecycle rule that ends the life of stored objects. Buckets are never created. */
import type { Change, Runtime, TopologyPlan } from "@switchyard/core/driver";
import { isMessagingError, MessagingError } from "@switchyard/core/driver-kit";
import type { ClaimTopology, ClaimUse, ExtensionContext } from "@switchyard/core/pipeline";
import { openClient } from "../s3/client.ts";
import { errorOf, isDenied, isNamed } from "../s3/errors.ts";
import { type Call, type LifecycleRule, loadSdk } from "../s3/sdk.ts";
import { mayList } from "../s3/store.ts";
import type { ClaimCheckOptions } from "../options.ts";
import { ownOf } from "../open.ts";
import type { Readable } from "../places.ts";
import { judge, ruleId, type Verdict } from "./lifecycle.ts";

const DAY = 86_400_000;
const RESOURCE = "lifecycle rule";

export async function openTopology(options: ClaimCheckOptions, { runtime }: ExtensionContext): Promise<ClaimTopology> {
  // A folder's and a process's objects have no rules.
  if (options.store !== "s3")
    return { plan: async () => ({ changes: [] }), apply: async () => {}, close: async () => {} };
  const { call, close } = await openClient(options, await loadSdk());
  const own = ownOf(options);
  return {
    plan: (uses, signal) => planOf(call, own, options.keep, uses, signal),
    apply: (plan, signal) => applyTo(call, own, plan, runtime, signal),
    close: async () => close(),
  };
}

async function planOf(
  call: Call,
  own: Readable,
  keep: number | undefined,
  uses: readonly ClaimUse[],
  signal: AbortSignal,
): Promise<TopologyPlan> {
  if (uses.length === 0) return { changes: [] };
  const name = `${own.bucket}/${own.prefix}/`;
  const changes: Change[] = [];
  const { rules } = await read(call, own, signal);
  const days = daysOf(own, keep, uses);
  if (days === undefined) {
    const summary = `objects of ${own.prefix}/ are never deleted, because ${listed(unlimited(uses))} may keep messages without limit; set claimCheck.keep, or a retention`;
    changes.push({ action: "drift", resource: RESOURCE, name, summary });
  } else {
    const { action, summary } = checked(own, rules, days);
    if (action !== undefined && summary !== undefined)
      changes.push({ action, resource: RESOURCE, name, summary, detail: { days } });
  }
  if (!(await mayList(call, own, signal))) {
    const why =
      "this role may not list the prefix (s3:ListBucket); a consumer's role needs it, or a missing object looks like a refused one";
    changes.push({ action: "drift", resource: "bucket", name, summary: why });
  }
  return { changes };
}

/** A broker that keeps messages for longer keeps them without limit, as far as anybody can plan. */
const UNLIMITED_MS = 10 * 365 * DAY;

const unlimited = (uses: readonly ClaimUse[]): readonly ClaimUse[] =>
  uses.filter(({ keepMs }) => keepMs > UNLIMITED_MS);

const listed = (uses: readonly ClaimUse[]): string => uses.map(({ channel }) => `"${channel}"`).join(", ");

/** For how many days objects are to be kept. Undefined: without limit. */
function daysOf(own: Readable, keep: number | undefined, uses: readonly ClaimUse[]): number | undefined {
  const limited = uses.filter(({ keepMs }) => keepMs <= UNLIMITED_MS);
  const longest = Math.max(1, ...limited.map(({ keepMs }) => Math.ceil(keepMs / DAY)));
  if (keep === undefined) return limited.length < uses.length ? undefined : longest;
  const days = Math.ceil(keep / DAY);
  if (days >= longest) return days;
  const late = limited.filter(({ keepMs }) => keepMs > keep);
  const why = `claimCheck.keep is ${days} days, and messages of ${listed(late)} may come for ${longest}; raise it, or leave it out`;
  throw new MessagingError("claim-lifetime", `bucket "${own.bucket}": ${why}`, { kind: "config" });
}

/** Refuses rules that would lose messages. */
function checked(own: Readable, rules: readonly LifecycleRule[], days: number): Verdict {
  const verdict = judge(rules, own.prefix, days);
  if (verdict.problems.length === 0) return verdict;
  const advice = "change the rule, or store elsewhere with another claimCheck.prefix";
  throw new MessagingError("claim-lifetime", `bucket "${own.bucket}": ${verdict.problems.join("; ")}; ${advice}`, {
    kind: "config",
    problems: verdict.problems.map((message) => ({ path: own.bucket, message })),
  });
}

async function applyTo(
  call: Call,
  own: Readable,
  { changes }: TopologyPlan,
  runtime: Runtime,
  signal: AbortSignal,
): Promise<void> {
  for (const { resource, detail } of changes) {
    const days = resource === RESOURCE ? detail?.["days"] : undefined;
    if (typeof days !== "number") continue;
    // Read again, as late as possible: the call below replaces all rules of the bucket.
    const { rules, minimum } = await read(call, own, signal);
    const { rules: wanted } = checked(own, withWritten(own, rules, runtime), days);
    if (wanted === undefined) continue;
    try {
      await call(
        "PutBucketLifecycleConfiguration",
        {
          Bucket: own.bucket,
          ExpectedBucketOwner: own.owner,
          LifecycleConfiguration: { Rules: wanted },
          ...(minimum === undefined ? {} : { TransitionDefaultMinimumObjectSize: minimum }),
        },
        signal,
      );
    } catch (cause) {
      throw topologyError(own, cause, "s3:PutLifecycleConfiguration");
    }
    remember(own, wanted, runtime);
  }
}

interface Configured {
  readonly rules: readonly LifecycleRule[];
  /** A setting beside the rules, which the call that replaces them must repeat. */
  readonly minimum?: string | undefined;
}

async function read(call: Call, own: Readable, signal: AbortSignal): Promise<Configured> {
  const { bucket: Bucket, owner: ExpectedBucketOwner } = own;
  try {
    const found = await call("GetBucketLifecycleConfiguration", { Bucket, ExpectedBucketOwner }, signal);
    return { rules: found.Rules ?? [], minimum: found.TransitionDefaultMinimumObjectSize };
  } catch (cause) {
    if (isNamed(cause, "NoSuchLifecycleConfiguration")) return { rules: [] };
    throw topologyError(own, cause, "s3:GetLifecycleConfiguration");
  }
}

function topologyError({ bucket }: Readable, cause: unknown, right: string): MessagingError {
  if (isMessagingError(cause)) return cause;
  if (!isDenied(cause)) return errorOf(cause, `the lifecycle rules of bucket "${bucket}"`);
  const text = `the lifecycle rules of bucket "${bucket}": S3 refuses; allow ${right} to the role that plans, and check claimCheck.owner`;
  return new MessagingError("claim-denied", text, { kind: "auth", cause });
}

/** How long S3 may return the rules of a bucket as they were (user guide, "Amazon S3 data consistency model", names no time). */
const STALE_MS = 15 * 60_000;

interface Written {
  readonly rule: LifecycleRule;
  /** Of the monotonic clock. */
  readonly at: number;
}

/**
 * Our rules that this process has written lately, by bucket and id. Where S3 still returns older rules, writing that of the next
 * prefix of the same bucket would remove the one before.
 */
const written = new Map<string, Map<string, Written>>();

const bucketOf = ({ bucket, owner }: Readable): string => `${owner}/${bucket}`;

function remember(own: Readable, rules: readonly LifecycleRule[], runtime: Runtime): void {
  const known = written.get(bucketOf(own)) ?? new Map<string, Written>();
  written.set(bucketOf(own), known);
  const id = ruleId(own.prefix);
  const rule = rules.find(({ ID }) => ID === id);
  if (rule !== undefined) known.set(id, { rule, at: runtime.monotonic() });
}

function withWritten(own: Readable, rules: readonly LifecycleRule[], runtime: Runtime): readonly LifecycleRule[] {
  const now = runtime.monotonic();
  const lately = [...(written.get(bucketOf(own))?.values() ?? [])].filter(({ at }) => now - at < STALE_MS);
  return [...rules, ...lately.map(({ rule }) => rule).filter(({ ID }) => !rules.some((rule) => rule.ID === ID))];
}
