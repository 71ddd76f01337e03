import { retentionProblem, rulesOf } from "../../plan/backoff.ts";
import type { Existing, ReceiverDriver } from "../../driver/index.ts";
import { MessagingError } from "../../api/errors.ts";
import type { GroupPlan } from "../../plan/plan.ts";

/**
 * Refuses a resource whose own limits are below the policy's, and names both numbers. Otherwise the broker would silently remove
 * messages before the policy's attempts are used up (contract C9, C11).
 */
export function refuseNarrow(
  plan: Pick<GroupPlan, "policy" | "from" | "group">,
  { existing = {}, capabilities }: Pick<ReceiverDriver, "existing" | "capabilities">,
  physicalName: string,
): void {
  const problems = [
    ...deliveryProblems(plan, existing),
    retentionProblem(plan.policy, existing.retentionMs ?? capabilities.retentionMs),
    ...(existing.discards ?? []),
  ].filter((problem) => problem !== undefined);
  if (problems.length === 0) return;
  const { channel } = plan.from;
  const text = `"${physicalName}" contradicts the policy of group "${plan.group}": ${problems.join("; ")}`;
  throw new MessagingError("policy-cut-short", text, {
    kind: "config",
    channel,
    group: plan.group,
    problems: problems.map((message) => ({ path: `channels.${channel}.groups.${plan.group}`, message })),
  });
}

function deliveryProblems({ policy }: Pick<GroupPlan, "policy">, { deliveries }: Existing): string[] {
  if (deliveries === undefined) return [];
  const { count, setting } = deliveries;
  if (policy.exhausted === "block")
    return [
      `the broker gives up a message after ${count} deliveries (${setting}), but deadLetter: false retries it forever`,
    ];
  const attempts = Math.max(...rulesOf(policy).map((rule) => rule.attempts));
  if (count >= attempts) return [];
  return [
    `the broker gives up a message after ${count} deliveries (${setting}), but retry.attempts is ${attempts}; raise the broker's limit to at least twice the attempts, or lower retry.attempts`,
  ];
}
