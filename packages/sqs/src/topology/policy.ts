/** The queue's access policy. Our statements are recognized by their Sid. */
import { type Access, type BucketOf, kindOf } from "../native.ts";

export interface Statement {
  readonly Sid?: string;
  readonly [key: string]: unknown;
}

const OURS = "Switchyard";
const ASK = ["sqs:GetQueueUrl", "sqs:GetQueueAttributes"];

/** `more`: topics that send to the queue besides those of `access`, whatever their ARNs look like. */
export function statements(access: Access, queueArn: string, more: readonly string[] = []): readonly Statement[] {
  const [, partition = "aws", , , account = ""] = queueArn.split(":");
  const allow = (sid: string, Principal: unknown, Action: unknown, Condition?: unknown): Statement => ({
    Sid: OURS + sid,
    Effect: "Allow",
    Principal,
    Action,
    Resource: queueArn,
    ...(Condition === undefined ? {} : { Condition }),
  });
  // SQS returns an account as the ARN of its root.
  const principals = (entries: readonly unknown[]): string[] =>
    entries
      .filter((entry): entry is string => typeof entry === "string" && kindOf(entry) === "principal")
      .map((entry) => (/^\d+$/.test(entry) ? `arn:${partition}:iam::${entry}:root` : entry));
  const { send = [], receive = [] } = access;
  const senders = principals(send);
  const receivers = principals(receive);
  const topics = [...new Set([...send.filter((entry) => kindOf(entry) === "topic"), ...more])];
  const rules = send.filter((entry) => kindOf(entry) === "rule");
  const buckets = Map.groupBy(
    send.filter((entry) => kindOf(entry) === "bucket"),
    (entry) => (typeof entry === "string" ? account : entry.account),
  );
  return [
    ...(senders.length === 0 ? [] : [allow("Send", { AWS: senders }, ["sqs:SendMessage", ...ASK])]),
    ...(receivers.length === 0
      ? []
      : [
          allow("Receive", { AWS: receivers }, [
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage",
            "sqs:ChangeMessageVisibility",
            ...ASK,
          ]),
        ]),
    ...(topics.length === 0
      ? []
      : [
          allow("Topics", { Service: "sns.amazonaws.com" }, "sqs:SendMessage", {
            ArnEquals: { "aws:SourceArn": topics },
          }),
        ]),
    ...(rules.length === 0
      ? []
      : [
          allow("Rules", { Service: "events.amazonaws.com" }, "sqs:SendMessage", {
            ArnEquals: { "aws:SourceArn": rules },
          }),
        ]),
    ...[...buckets].map(([owner, entries]) =>
      allow(`Buckets${owner}`, { Service: "s3.amazonaws.com" }, "sqs:SendMessage", {
        ArnLike: { "aws:SourceArn": entries.map((entry) => bucketArn(entry, partition)) },
        StringEquals: { "aws:SourceAccount": owner },
      }),
    ),
  ];
}

function bucketArn(entry: string | BucketOf, partition: string): string {
  return typeof entry === "string" ? entry : `arn:${partition}:s3:::${entry.bucket}`;
}

/** The statements of a policy, ours and those of others. A policy that cannot be read counts as one of others. */
export function splitPolicy(policy: string | undefined): {
  readonly ours: readonly Statement[];
  readonly others: readonly Statement[];
} {
  if (policy === undefined || policy === "") return { ours: [], others: [] };
  let all: Statement[];
  try {
    all = [(JSON.parse(policy) as { Statement?: Statement | Statement[] }).Statement ?? []].flat();
  } catch {
    all = [{ Sid: "unreadable" }];
  }
  const isOurs = ({ Sid }: Statement): boolean => typeof Sid === "string" && Sid.startsWith(OURS);
  return { ours: all.filter(isOurs), others: all.filter((statement) => !isOurs(statement)) };
}

export function policyOf(all: readonly Statement[]): string {
  return all.length === 0 ? "" : JSON.stringify({ Version: "2012-10-17", Statement: all });
}

/** Equal for policies that mean the same: order does not matter, nor whether a single value is in a list. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) {
    const items = value.map(canonical).sort();
    return items.length === 1 ? items[0]! : `[${items.join(",")}]`;
  }
  if (typeof value === "object" && value !== null) {
    return `{${Object.entries(value)
      .map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`)
      .sort()
      .join(",")}}`;
  }
  return JSON.stringify(value);
}
