import type { PushedGroup } from "@switchyard/core/push";

type Policy = PushedGroup["context"]["plan"]["policy"];

/** True if a message may be retried for longer than one invocation lasts, in milliseconds, so that its attempts must be remembered. */
export function outlasts({ retry, errors, exhausted }: Policy, lastsMs: number): boolean {
  if (exhausted === "block") return true;
  const rules = Object.values(errors).flatMap((rule) => (typeof rule === "string" ? [] : [{ ...retry, ...rule }]));
  return [retry, ...rules].some(({ attempts, maxMs }) => (attempts - 1) * maxMs >= lastsMs);
}
