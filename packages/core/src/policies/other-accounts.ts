/** Resources of other accounts. Their owners must allow the use as well, in the policies of the resources. */
import type { ResourceStatement } from "../driver/index.ts";
import type { Grain } from "./document.ts";
import { compare } from "./document.ts";

export interface Foreign {
  readonly arn: string;
  readonly statement: ResourceStatement;
}

/**
 * SQS takes no permission of another account for these ("Limitations of Amazon SQS custom policies" in its developer guide, 2026).
 * A queue of another account is made and changed by its owner.
 */
const OWNER_ONLY = new Set(
  ["CreateQueue", "DeleteQueue", "ListQueueTags", "SetQueueAttributes", "TagQueue"].map((action) => `sqs:${action}`),
);

/** What the owners of other accounts' resources must allow `account`. */
export function foreignOf(grains: readonly Grain[], account: string): readonly Foreign[] {
  const theirs = grains.filter(({ action, resource }) => {
    const owner = accountOf(resource);
    return owner !== "" && owner !== account && !resource.includes("*") && !OWNER_ONLY.has(action);
  });
  const byPlace = Map.groupBy(theirs, ({ resource, condition = {} }) => JSON.stringify([resource, condition]));
  return [...byPlace.values()].map((all) => {
    const { resource: arn, condition } = all[0]!;
    const [, partition = "aws", service] = arn.split(":");
    return {
      arn,
      statement: {
        Sid: `SwitchyardAccount${account}`,
        Effect: "Allow",
        Principal: { AWS: `arn:${partition}:iam::${account}:root` },
        Action: [...new Set(all.map(({ action }) => action))].sort(compare),
        // In a key's policy `*` means that key.
        Resource: service === "kms" ? "*" : arn,
        ...(condition === undefined ? {} : { Condition: condition }),
      },
    };
  });
}

/** ARNs with a wildcard cannot be named in a resource's policy: the resource is not known. */
export function unnamedOf(grains: readonly Grain[], account: string): readonly string[] {
  return [...new Set(grains.map(({ resource }) => resource))].filter((resource) => {
    const owner = accountOf(resource);
    return resource.includes("*") && owner !== "" && owner !== account;
  });
}

const accountOf = (arn: string): string => arn.split(":")[4] ?? "";
