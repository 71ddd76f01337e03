import { MessagingError } from "./errors.ts";

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A duration such as `"250ms"`, `"30s"`, `"15m"`, `"12h"` or `"4d"`. A number is in milliseconds. It cannot be negative. */
export type Duration = number | `${number}${keyof typeof UNITS}`;

const FORM = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)$/;

/** A duration in milliseconds. Undefined if the value is not a duration. */
export function parseDuration(value: unknown): number | undefined {
  if (typeof value === "number") return Number.isFinite(value) && value >= 0 ? value : undefined;
  const found = typeof value === "string" ? FORM.exec(value.trim()) : null;
  return found === null ? undefined : Number(found[1]) * UNITS[found[2] as keyof typeof UNITS];
}

/** A duration in milliseconds. Throws `bad-duration`; `what` names the setting in the error. */
export function milliseconds(value: Duration, what: string): number {
  const ms = parseDuration(value);
  if (ms !== undefined) return ms;
  throw new MessagingError(
    "bad-duration",
    `${what}: ${JSON.stringify(value)} is not a duration; write 250ms, 30s, 15m, 12h or 4d`,
    {
      kind: "permanent",
    },
  );
}

/** The shortest exact form of a duration, for people. */
export function formatDuration(ms: number): Duration {
  for (const unit of ["d", "h", "m", "s"] as const) {
    if (ms >= UNITS[unit] && ms % UNITS[unit] === 0) return `${ms / UNITS[unit]}${unit}`;
  }
  return `${ms}ms`;
}
