import type { Change, Destination } from "@switchyard/core/driver";
import { MessagingError } from "@switchyard/core/driver-kit";
import { managedKeyProblem } from "../native.ts";

/** Refuses a queue under a key SNS may not use: every delivery would be discarded, and nobody told. */
export function refuseManagedKey(group: Destination, key: string | undefined): void {
  const problem = managedKeyProblem(key);
  if (problem === undefined) return;
  throw new MessagingError("kms-managed-key", `the queue of group "${group.group}": ${problem}`, {
    kind: "config",
    channel: group.channel,
    group: group.group,
  });
}

/** The key's policy is its owner's: shown with the statement it needs, when SNS is first to use it. */
export function keyChange(queue: string, key: string): Change {
  return {
    action: "drift",
    resource: "kms key",
    name: key,
    summary: `must let SNS use it, or nothing reaches "${queue}": add the statement in detail to the key's policy`,
    detail: {
      statement: {
        Sid: "SwitchyardTopics",
        Effect: "Allow",
        Principal: { Service: "sns.amazonaws.com" },
        Action: ["kms:GenerateDataKey*", "kms:Decrypt"],
        Resource: "*",
      },
    },
  };
}
