import type { Checkpoint } from "./store.ts";

type Stored = Extract<Checkpoint, { readonly sequence: string }>;

/** Decimal digits of any length. */
function compareDigits(a: string, b: string): number {
  const left = a.replace(/^0+(?=\d)/, "");
  const right = b.replace(/^0+(?=\d)/, "");
  if (left.length !== right.length) return left.length - right.length;
  return left < right ? -1 : left > right ? 1 : 0;
}

function rank(of: Checkpoint): number {
  if (of === "SHARD_END") return 2;
  return typeof of === "object" && "sequence" in of ? 1 : 0;
}

/** Negative if `a` is before `b`. The starts (TRIM_HORIZON, LATEST, a time) are equal to each other and before every record. */
export function compareCheckpoints(a: Checkpoint, b: Checkpoint): number {
  const difference = rank(a) - rank(b);
  if (difference !== 0 || rank(a) !== 1) return difference;
  const [left, right] = [a as Stored, b as Stored];
  const bySequence = compareDigits(left.sequence, right.sequence);
  if (bySequence !== 0) return bySequence;
  const [x, y] = [left.sub ?? Number.POSITIVE_INFINITY, right.sub ?? Number.POSITIVE_INFINITY];
  return x === y ? 0 : x - y;
}

export const isSequence = (text: string): boolean => /^\d+$/.test(text);
