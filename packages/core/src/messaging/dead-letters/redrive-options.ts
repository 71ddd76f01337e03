/** What a redrive may be asked for. */
import type { RedriveOptions } from "../../api/dead-letters.ts";
import { milliseconds } from "../../api/duration.ts";
import { MessagingError } from "../../api/errors.ts";

/** @throws MessagingError `bad-redrive` for options out of their range. */
export function checkRedrive(options: RedriveOptions, ordered: boolean): void {
  const { max, rate, ramp, canary, stopAt, maxRedrives, ids, wholeKey, sample, dryRun } = options;
  const whole = (value: unknown, name: string, least: number) => {
    if (value !== undefined && !(Number.isInteger(value) && (value as number) >= least))
      throw bad(`${name} must be a whole number from ${least} up`);
  };
  if (max !== Number.POSITIVE_INFINITY) whole(max, "max", 1);
  whole(maxRedrives, "maxRedrives", 1);
  if (rate !== undefined) {
    whole(rate.max ?? 0, "rate.max", 1);
    if (milliseconds(rate.per ?? "1s", "rate.per") <= 0) throw bad("rate.per must be longer than 0");
  }
  if (ramp !== undefined) {
    if (milliseconds(ramp, "ramp") <= 0) throw bad("ramp must be longer than 0");
    if (rate === undefined) throw bad("ramp goes from a tenth of rate to all of it; give rate, too");
  }
  if (canary !== undefined) {
    whole(canary.count ?? 0, "canary.count", 1);
    milliseconds(canary.wait, "canary.wait");
  }
  if (stopAt !== undefined && !(stopAt > 0 && stopAt <= 1)) throw bad("stopAt must be a share above 0, at most 1");
  whole(sample, "sample", 1);
  if (sample !== undefined && dryRun !== true) throw bad("sample is for a dry run; give dryRun: true, or max");
  if (wholeKey === true && !ordered)
    throw bad("wholeKey needs a channel with an ordering key, and this one has none; leave it out");
  if (ids !== undefined && (!Array.isArray(ids) || ids.some((id) => typeof id !== "string")))
    throw bad("ids must be a list of ids");
}

const bad = (text: string) => new MessagingError("bad-redrive", `redrive: ${text}`, { kind: "config" });
