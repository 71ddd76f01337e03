/** What the policy of a KMS key says about SNS. */
import { createHash } from "node:crypto";
import type { Statement } from "@switchyard/sqs/kit";

const SERVICE = "sns.amazonaws.com";
const NEEDED = ["kms:GenerateDataKey", "kms:Decrypt"];

/** The statement that lets only this topic use the key. Its Sid is derived from the topic's ARN, so that it can be found again. */
export function grantFor(topicArn: string): Statement {
  const name = topicArn.slice(topicArn.lastIndexOf(":") + 1).replace(/[^A-Za-z0-9]/g, "");
  const hash = createHash("sha256").update(topicArn).digest("hex").slice(0, 12);
  return {
    Sid: `SwitchyardTopic${name.slice(0, 64)}${hash}`,
    Effect: "Allow",
    Principal: { Service: SERVICE },
    Action: ["kms:GenerateDataKey*", "kms:Decrypt"],
    Resource: "*",
    Condition: { ArnEquals: { "aws:SourceArn": topicArn } },
  };
}

/**
 * The policy with the topic's statement added and all other statements unchanged. Undefined if SNS may already use the key for this topic.
 * Throws if the policy cannot be read.
 */
export function granted(policy: string, keyArn: string, topicArn: string): string | undefined {
  const document = JSON.parse(policy) as { Statement?: Statement | Statement[] };
  const all = [document.Statement ?? []].flat();
  const actions = all.filter((one) => allows(one, keyArn, topicArn)).flatMap(({ Action }) => strings(Action));
  if (NEEDED.every((needed) => actions.some((pattern) => like(pattern.toLowerCase(), needed.toLowerCase())))) return;
  const ours = grantFor(topicArn);
  return JSON.stringify({ ...document, Statement: [...all.filter(({ Sid }) => Sid !== ours.Sid), ours] });
}

function allows(statement: Statement, keyArn: string, topicArn: string): boolean {
  const { Service } = (statement["Principal"] ?? {}) as { Service?: unknown };
  return (
    statement["Effect"] === "Allow" &&
    strings(Service).includes(SERVICE) &&
    strings(statement["Resource"]).some((pattern) => like(pattern, keyArn)) &&
    holds((statement["Condition"] ?? {}) as Conditions, topicArn)
  );
}

type Conditions = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Whether the conditions are met. An unknown condition counts as not met, because an unneeded statement is better than a missing one. */
function holds(conditions: Conditions, topicArn: string): boolean {
  const account = topicArn.split(":")[4] ?? "";
  return Object.entries(conditions).every(([operator, keys]) =>
    Object.entries(keys).every(([key, value]) => {
      const name = key.toLowerCase();
      const is = name === "aws:sourcearn" ? topicArn : name === "aws:sourceaccount" ? account : undefined;
      if (is === undefined) return false;
      if (operator === "StringEquals") return strings(value).includes(is);
      if (!["ArnEquals", "ArnLike", "StringLike"].includes(operator)) return false;
      return strings(value).some((pattern) => like(pattern, is));
    }),
  );
}

const strings = (value: unknown): string[] => [value].flat().filter((one) => typeof one === "string");

/** With IAM's wildcards: `*` is any text, `?` any one character. */
function like(pattern: string, text: string): boolean {
  const source = pattern
    .replace(/[\\^$.|+()[\]{}]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`, "s").test(text);
}
