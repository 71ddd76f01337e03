import { formatDuration, parseDuration } from "@switchyard/core/driver-kit";
import { UsageError } from "./io.ts";

/** A duration of a command line, such as `30s`, in milliseconds. */
export function milliseconds(value: unknown, name: string, least = 1): number {
  const ms = typeof value === "string" ? parseDuration(value as `${number}s`) : undefined;
  if (ms === undefined || ms < least)
    throw new UsageError(`${name} takes a time such as 30s, 5m or 2h, at least ${formatDuration(least)}`);
  return ms;
}

/** A rate of a command line, such as `50/s` or `100/m`; `per` in milliseconds. */
export function rateOf(value: unknown, name: string): { readonly max: number; readonly per: number } {
  const [, count, unit] = (typeof value === "string" && /^(\d+)\/(s|m|h)$/.exec(value)) || [];
  if (count === undefined || Number(count) < 1)
    throw new UsageError(`${name} takes a number by time, such as 50/s or 100/m`);
  return { max: Number(count), per: { s: 1_000, m: 60_000, h: 3_600_000 }[unit as "s" | "m" | "h"] };
}

/** A whole number of a command line. */
export function whole(value: unknown, name: string, least = 1): number {
  const number = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (!(number >= least)) throw new UsageError(`${name} takes a whole number, at least ${least}`);
  return number;
}

/** A share of a command line: `5%`, or `0.05`. */
export function share(value: unknown, name: string): number {
  const [, number, percent] = (typeof value === "string" && /^(\d+(?:\.\d+)?)(%)?$/.exec(value)) || [];
  const found = Number(number) / (percent === undefined ? 1 : 100);
  if (!(found >= 0 && found <= 1)) throw new UsageError(`${name} takes a share such as 5% or 0.05`);
  return found;
}

/** A time of a command line, in epoch milliseconds. Undefined if it is none. Without a zone, `Date` would take the machine's. */
export function instant(value: unknown): number | undefined {
  if (typeof value !== "string" || !/^\d{4}-\d\d-\d\dT.*(?:Z|[+-]\d\d:\d\d)$/.test(value)) return undefined;
  const time = Date.parse(value);
  return Number.isNaN(time) ? undefined : time;
}
