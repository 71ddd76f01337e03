import { expect, test } from "vitest";
import type { Existing } from "../../driver/index.ts";
import type { Policy, RetryRule } from "../../plan/plan.ts";
import { rig } from "../../fixtures/scripted-receiver.ts";
import { refuseNarrow } from "./check-resource.ts";

const retry: RetryRule = { attempts: 5, backoff: "constant", firstMs: 1_000, maxMs: 60_000 };

function check(existing: Existing, policy: Partial<Policy> = {}): void {
  const { context } = rig({ policy: { retry, ...policy } });
  refuseNarrow(context.plan, { existing, capabilities: context.plan.capabilities }, context.physicalName);
}

test.each<[string, Existing, Partial<Policy>, RegExp]>([
  [
    "fewer deliveries than attempts",
    { deliveries: { count: 2, setting: "maxReceiveCount" } },
    {},
    /\b2\b.*maxReceiveCount.*\b5\b/,
  ],
  [
    "fewer deliveries than the attempts of one error",
    { deliveries: { count: 5, setting: "maxReceiveCount" } },
    { errors: { Busy: { attempts: 9 } } },
    /\b5\b.*\b9\b/,
  ],
  [
    "any limit where a message is tried forever",
    { deliveries: { count: 99, setting: "x" } },
    { exhausted: "block" },
    /\b99\b.*forever/,
  ],
  [
    "a retention shorter than the waits",
    { retentionMs: 60_000 },
    { retry: { ...retry, attempts: 2, firstMs: 300_000, maxMs: 300_000 } },
    /kept for 1m.*2 attempts may wait 5m/,
  ],
  ["a queue that drops messages", { discards: ["x-max-length is 3"] }, {}, /x-max-length is 3/],
])("%s is refused, with both numbers", (_, existing, policy, text) => {
  expect(() => check(existing, policy)).toThrow(text);
});

test("a resource that suffices is not refused", () => {
  expect(() => check({})).not.toThrow();
  expect(() => check({ deliveries: { count: 5, setting: "maxReceiveCount" }, retentionMs: 4_000 })).not.toThrow();
  expect(() => check({ retentionMs: 1 }, { exhausted: "block" })).not.toThrow();
});
