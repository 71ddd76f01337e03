/** What the lifecycle rules of a bucket do to the objects of a prefix. No I/O. */
import type { LifecycleRule, RuleFilter } from "../s3/sdk.ts";

export interface Verdict {
  /** The rules as they should be. Undefined: they are good as they are. */
  readonly rules?: readonly LifecycleRule[];
  /** For a person: what is now, and what will be. Set with `rules`. */
  readonly summary?: string;
  readonly action?: "create" | "update";
  /** What rules of others do that loses messages. Not ours to change. */
  readonly problems: readonly string[];
}

/** S3 takes no more rules in one configuration (user guide, "Managing the lifecycle of objects"). */
const MOST_RULES = 1_000;
/** Objects in these classes must be restored before they can be read. */
const ARCHIVES = new Set(["GLACIER", "DEEP_ARCHIVE"]);

export const ruleId = (prefix: string): string => `switchyard ${prefix}/`;

/** Judges the rules of a bucket by the days for which objects of the prefix must be kept. */
export function judge(rules: readonly LifecycleRule[], prefix: string, days: number): Verdict {
  const id = ruleId(prefix);
  const own = rules.find(({ ID }) => ID === id);
  const others = rules.filter((rule) => rule !== own);
  const problems = others.flatMap((rule) => problemsOf(rule, prefix, days));
  const isKept =
    own !== undefined &&
    own.Status === "Enabled" &&
    prefixOf(own) === `${prefix}/` &&
    (own.Expiration?.Days ?? 0) >= days;
  if (isKept) return { problems };
  if (own !== undefined) {
    const wanted = ruleFor(prefix, Math.max(days, own.Expiration?.Days ?? 0));
    const has = own.Status === "Enabled" ? `${own.Expiration?.Days ?? "no"} days` : "disabled";
    const summary = `objects of ${prefix}/ expire after ${wanted.Expiration?.Days} days (now ${has})`;
    return { rules: rules.map((rule) => (rule === own ? wanted : current(rule))), summary, action: "update", problems };
  }
  if (others.some((rule) => covers(rule, prefix, days))) return { problems };
  if (rules.length >= MOST_RULES)
    return {
      problems: [...problems, `the bucket has ${rules.length} lifecycle rules, and S3 takes no more: remove one`],
    };
  const summary = `objects of ${prefix}/ expire after ${days} days; the bucket's other ${rules.length} rules stay`;
  return { rules: [...rules.map(current), ruleFor(prefix, days)], summary, action: "create", problems };
}

/** The same rule in the current form: S3 refuses rules with a filter beside those that have their prefix in the old place. */
function current({ Prefix, ...rule }: LifecycleRule): LifecycleRule {
  return Prefix === undefined || rule.Filter !== undefined ? rule : { ...rule, Filter: { Prefix } };
}

function ruleFor(prefix: string, days: number): LifecycleRule {
  return {
    ID: ruleId(prefix),
    Status: "Enabled",
    Filter: { Prefix: `${prefix}/` },
    Expiration: { Days: days },
    // On a bucket with versions an expired or renewed object would otherwise be kept, and paid for, as an old version forever.
    NoncurrentVersionExpiration: { NoncurrentDays: 1 },
  };
}

const prefixOf = ({ Filter, Prefix }: LifecycleRule): string => Filter?.Prefix ?? Filter?.And?.Prefix ?? Prefix ?? "";

/** Our objects have no tags. */
const needsTag = (filter: RuleFilter | undefined): boolean =>
  filter?.Tag !== undefined || (filter?.And?.Tags?.length ?? 0) > 0;

const hasSizes = (filter: RuleFilter | undefined): boolean =>
  [filter, filter?.And].some(
    (part) => part?.ObjectSizeGreaterThan !== undefined || part?.ObjectSizeLessThan !== undefined,
  );

/** Whether the rule ends the life of every object of the prefix, and late enough. */
function covers(rule: LifecycleRule, prefix: string, days: number): boolean {
  if (rule.Status !== "Enabled" || needsTag(rule.Filter) || hasSizes(rule.Filter)) return false;
  return `${prefix}/`.startsWith(prefixOf(rule)) && (rule.Expiration?.Days ?? 0) >= days;
}

/** What another's rule does to objects of the prefix before their days are over. */
function problemsOf(rule: LifecycleRule, prefix: string, days: number): readonly string[] {
  if (rule.Status !== "Enabled" || needsTag(rule.Filter)) return [];
  const theirs = prefixOf(rule);
  if (!`${prefix}/`.startsWith(theirs) && !theirs.startsWith(`${prefix}/`)) return [];
  const name = `its lifecycle rule "${rule.ID ?? ""}"`;
  const early = (
    when: { readonly Days?: number | undefined; readonly Date?: Date | undefined } | undefined,
  ): string | undefined => {
    if (when?.Date !== undefined) return `on ${when.Date.toISOString().slice(0, 10)}`;
    return when?.Days !== undefined && when.Days < days ? `after ${when.Days} days` : undefined;
  };
  const expiry = early(rule.Expiration);
  const archive = (rule.Transitions ?? [])
    .filter(({ StorageClass }) => ARCHIVES.has(StorageClass ?? ""))
    .map(early)
    .find((when) => when !== undefined);
  return [
    ...(expiry === undefined
      ? []
      : [`${name} expires objects of ${prefix}/ ${expiry}, and messages need them for ${days} days`]),
    ...(archive === undefined
      ? []
      : [`${name} archives objects of ${prefix}/ ${archive}, and messages need them for ${days} days`]),
  ];
}
