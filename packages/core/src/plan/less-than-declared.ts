import { type ErrorDetails, MessagingError } from "../api/errors.ts";
import type { Capabilities } from "../driver/index.ts";

const ORDERING = ["none", "partition", "key"] as const;
const CONFIRM = ["none", "received", "stored"] as const;

type Compared = {
  [K in keyof Capabilities]-?: Capabilities[K] extends string | number | boolean ? K : never;
}[keyof Capabilities];

/** For each capability: whether the actual value is less than the declared one. */
type Comparisons = Partial<Record<Compared, (actual: Capabilities, expected: Capabilities) => boolean>>;

/** Sizes, counts and rates are left out: they differ between resources, and every message is checked against the actual ones. */
const SENDER: Comparisons = {
  ordering: (actual, expected) => ORDERING.indexOf(actual.ordering) < ORDERING.indexOf(expected.ordering),
  publishConfirm: (actual, expected) =>
    CONFIRM.indexOf(actual.publishConfirm) < CONFIRM.indexOf(expected.publishConfirm),
  publishDedupMs: (actual, expected) => actual.publishDedupMs < expected.publishDedupMs,
  headers: (actual, expected) => actual.headers < expected.headers,
  binary: (actual, expected) => expected.binary && !actual.binary,
  delayedPublishMs: (actual, expected) => actual.delayedPublishMs < expected.delayedPublishMs,
  fairness: (actual, expected) => expected.fairness && !actual.fairness,
  redrive: (actual, expected) => expected.redrive === "group" && actual.redrive === "none",
};

const RECEIVER: Comparisons = {
  ordering: (actual, expected) => expected.ordering !== "none" && actual.ordering === "none",
  holdExtend: (actual, expected) => expected.holdExtend && !actual.holdExtend,
  retryDelayMs: (actual, expected) => actual.retryDelayMs < expected.retryDelayMs,
  // A log is consumed in another way, so neither is less than the other.
  settleResult: (actual, expected) => isLog(actual) !== isLog(expected),
  fencingToken: (actual, expected) => expected.fencingToken && !actual.fencingToken,
};

const isLog = ({ settleResult }: Capabilities): boolean => settleResult === "checkpoint";

/** The refusal of an opened sender or receiver that offers less than its adapter declared (contract C18); undefined if it offers enough. */
export function lessThanDeclared(
  side: "sender" | "receiver",
  physicalName: string,
  expected: Capabilities,
  actual: Capabilities,
  errorContext?: Omit<ErrorDetails, "kind" | "cause">,
): MessagingError | undefined {
  if (actual === expected) return undefined;
  const missing = Object.entries(side === "sender" ? SENDER : RECEIVER)
    .filter(([, isLess]) => isLess(actual, expected))
    .map(([name]) => `${name} is ${String(actual[name as Compared])}, declared ${String(expected[name as Compared])}`);
  if (missing.length === 0) return undefined;
  const text = `"${physicalName}" offers less than its adapter declared: ${missing.join("; ")}; change the resource, or what the channel needs`;
  return new MessagingError("capability-missing", text, { ...errorContext, kind: "config" });
}
