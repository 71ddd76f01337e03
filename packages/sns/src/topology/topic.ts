/** What a topic has, compared with what it should have, setting by setting. */
import type { Change } from "@switchyard/core/driver";
import { canonical, policyOf, splitPolicy, type Statement } from "@switchyard/sqs/kit";
import type { SnsClient } from "../client.ts";
import { DEFAULT_MESSAGE_BYTES } from "../limits.ts";
import type { TopicAccess } from "../native.ts";
import type { Topic } from "../resource.ts";
import type { DesiredTopic } from "./desired.ts";

export interface TopicDifference {
  readonly action: Change["action"];
  readonly summary: string;
  /** The attribute to set. Absent: the difference is only shown. */
  readonly set?: readonly [name: string, value: string];
}

/** The attributes of a new topic. Its policy needs the ARN and is set afterwards. */
export function creationAttributes({ of, settings }: DesiredTopic): Record<string, string> {
  return {
    ...(of.ordered ? { FifoTopic: "true", FifoThroughputScope: scope(settings.throughput) } : {}),
    MaximumMessageSize: String(settings.maxMessageBytes),
    // SHA-256; version 1 is SHA-1. It matters to subscribers over HTTP only.
    SignatureVersion: "2",
    ...(settings.kmsKey === undefined ? {} : { KmsMasterKeyId: settings.kmsKey }),
  };
}

const scope = (throughput: "high" | "standard"): string => (throughput === "high" ? "MessageGroup" : "Topic");

export function topicDifferences(
  { of, settings }: DesiredTopic,
  { arn, attributes }: Topic,
): readonly TopicDifference[] {
  const found: TopicDifference[] = [];
  const compare = (
    what: string,
    name: string,
    unset: string,
    wanted: string,
    action: Change["action"] = "update",
  ): void => {
    const is = attributes[name] || unset;
    if (is !== wanted)
      found.push({ action, summary: `${what}: ${is || "none"} becomes ${wanted || "none"}`, set: [name, wanted] });
  };
  compare("largest message", "MaximumMessageSize", String(DEFAULT_MESSAGE_BYTES), String(settings.maxMessageBytes));
  compare("signature version", "SignatureVersion", "1", "2");
  if (of.ordered) compare("throughput scope", "FifoThroughputScope", "Topic", scope(settings.throughput));
  const key = settings.kmsKey ?? "";
  compare("encryption key", "KmsMasterKeyId", "", key, key === "" ? "destructive" : "update");
  return [...found, ...accessDifferences(settings.access, arn, attributes["Policy"])];
}

const DEFAULT_STATEMENT = "__default_statement_ID";

function accessDifferences(
  access: TopicAccess | undefined,
  arn: string,
  policy: string | undefined,
): TopicDifference[] {
  const { ours, others } = splitPolicy(policy);
  const found: TopicDifference[] = [];
  const wanted = access === undefined ? [] : statements(access, arn);
  if (canonical(ours.map(accounts)) !== canonical(wanted.map(accounts))) {
    const value = policyOf([...others, ...wanted]);
    found.push({ action: "update", summary: `access: ${sids(ours)} becomes ${sids(wanted)}`, set: ["Policy", value] });
  }
  const foreign = others.filter(({ Sid }) => Sid !== DEFAULT_STATEMENT);
  if (foreign.length > 0)
    found.push({
      action: "drift",
      summary: `access: ${foreign.length} statement(s) that are not ours (${sids(foreign)}); left alone`,
    });
  return found;
}

export function statements({ publish = [], subscribe = [] }: TopicAccess, arn: string): readonly Statement[] {
  const allow = (Sid: string, principals: readonly string[], Action: readonly string[]): Statement[] =>
    principals.length === 0 ? [] : [{ Sid, Effect: "Allow", Principal: { AWS: principals }, Action, Resource: arn }];
  return [
    ...allow("SwitchyardPublish", publish, ["sns:Publish", "sns:GetTopicAttributes"]),
    ...allow("SwitchyardSubscribe", subscribe, [
      "sns:Subscribe",
      "sns:GetTopicAttributes",
      "sns:ListSubscriptionsByTopic",
    ]),
  ];
}

/** SNS returns an account as the ARN of its root. */
function accounts(statement: Statement): Statement {
  const { AWS } = (statement["Principal"] ?? {}) as { AWS?: string | readonly string[] };
  if (AWS === undefined) return statement;
  const plain = [AWS].flat().map((one) => /^arn:aws[a-z-]*:iam::(\d{12}):root$/.exec(one)?.[1] ?? one);
  return { ...statement, Principal: { AWS: plain } };
}

const sids = (all: readonly Statement[]): string =>
  all.length === 0 ? "none" : all.map(({ Sid }) => Sid ?? "without a name").join(", ");

/** The declared tags that are absent or differ. Tags that are not declared are left alone. */
export async function missingTags(
  { settings: { tags } }: DesiredTopic,
  arn: string,
  sns: SnsClient,
  signal: AbortSignal,
): Promise<{ Key: string; Value: string }[]> {
  const wanted = Object.entries(tags);
  if (wanted.length === 0) return [];
  const { Tags = [] } = await sns.call("ListTagsForResource", { ResourceArn: arn }, signal);
  const has = new Map(Tags.map(({ Key, Value }) => [Key, Value]));
  return wanted.filter(([key, value]) => has.get(key) !== value).map(([Key, Value]) => ({ Key, Value }));
}
