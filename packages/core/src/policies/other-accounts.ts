/** Resources of other accounts. Their owners must allow the use as well, in the policies of the resources. */
import type { ResourceStatement } from "../driver/index.ts";
import { compare, type Grain } from "./document.ts";

export interface Foreign {
  readonly arn: string;
  readonly statement: ResourceStatement;
}

/**
 * What the policy of a resource can allow another account. From the developer guides (2026): "Limitations of Amazon SQS custom
 * policies", "Amazon SNS API permissions", "Sharing your data stream with another account". A service that is not named here can
 * allow all that is asked for.
 */
const ACROSS: Readonly<Record<string, readonly string[]>> = {
  sqs: [
    ...["SendMessage", "ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility"],
    ...["GetQueueUrl", "GetQueueAttributes", "PurgeQueue"],
  ],
  sns: ["Publish", "Subscribe", "GetTopicAttributes", "ListSubscriptionsByTopic"],
  kinesis: [
    ...["DescribeStreamSummary", "ListShards", "PutRecords", "GetShardIterator", "GetRecords"],
    ...["DescribeStreamConsumer", "SubscribeToShard"],
  ],
};

function canCross(action: string): boolean {
  const [service = "", name = ""] = action.split(":");
  return ACROSS[service]?.includes(name) ?? true;
}

function isForeign(resource: string, account: string): boolean {
  const owner = resource.split(":")[4] ?? "";
  return owner !== "" && owner !== account;
}

/** What the owners of other accounts' resources must allow `account`. */
export function foreignOf(grains: readonly Grain[], account: string): readonly Foreign[] {
  const theirs = grains.filter(
    ({ action, resource }) => isForeign(resource, account) && !resource.includes("*") && canCross(action),
  );
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

/** What no policy of a resource made here can allow: the resource is not known, or its owner alone may do it. */
export function foreignWarnings(grains: readonly Grain[], account: string): readonly string[] {
  const theirs = grains.filter(({ resource }) => isForeign(resource, account));
  const unknown = theirs.filter(({ resource }) => resource.includes("*")).map(({ resource }) => resource);
  const byResource = Map.groupBy(
    theirs.filter(({ action }) => !canCross(action)),
    ({ resource }) => resource,
  );
  return [
    ...[...new Set(unknown)].map(
      (arn) => `${arn} is of another account: its owner must allow account ${account} to use it, by hand`,
    ),
    ...[...byResource].map(([arn, its]) => {
      const actions = [...new Set(its.map(({ action }) => action))].sort(compare);
      return `${arn} is of another account, which cannot allow yours ${actions.join(", ")}: a role of its own account must make and change it`;
    }),
  ];
}
