import type { Capabilities } from "../../driver/index.ts";

const ORDERING = ["none", "partition", "key"] as const;
const CONFIRM = ["none", "received", "stored"] as const;

type Compared = {
  [K in keyof Capabilities]-?: Capabilities[K] extends string | number | boolean ? K : never;
}[keyof Capabilities];

/**
 * Lists the capabilities an adapter declared and its opened sender lacks, one phrase each. Sizes, counts and rates are left out:
 * they differ between resources, and every message is checked against the actual ones.
 */
export function missingCapabilities(expected: Capabilities, actual: Capabilities): string[] {
  const missing: string[] = [];
  const worse = (name: Compared, isWorse: boolean) => {
    if (isWorse) missing.push(`${name} is ${actual[name]}, declared ${expected[name]}`);
  };
  worse("ordering", ORDERING.indexOf(actual.ordering) < ORDERING.indexOf(expected.ordering));
  worse("publishConfirm", CONFIRM.indexOf(actual.publishConfirm) < CONFIRM.indexOf(expected.publishConfirm));
  worse("publishDedupMs", actual.publishDedupMs < expected.publishDedupMs);
  worse("headers", actual.headers < expected.headers);
  worse("binary", expected.binary && !actual.binary);
  worse("delayedPublishMs", actual.delayedPublishMs < expected.delayedPublishMs);
  worse("fairness", expected.fairness && !actual.fairness);
  worse("redrive", expected.redrive === "group" && actual.redrive === "none");
  return missing;
}
