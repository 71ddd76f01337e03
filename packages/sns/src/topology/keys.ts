/** The KMS keys of queues. SNS must be allowed to use them. Otherwise it silently discards every delivery. */
import type { Change, Destination } from "@switchyard/core/driver";
import { isMessagingError, MessagingError } from "@switchyard/core/driver-kit";
import type { Queue } from "@switchyard/sqs/kit";
import { managedKeyProblem } from "../native.ts";
import { grantFor, granted } from "./grants.ts";
import type { TopologyContext } from "./context.ts";

/** Refuses a queue under a key that SNS cannot use. */
export function refuseManagedKey(group: Destination, key: string | undefined): void {
  const problem = managedKeyProblem(key);
  if (problem !== undefined) throw refusal(group, problem);
}

function refusal(group: Destination, problem: string): MessagingError {
  return new MessagingError("kms-managed-key", `the queue of group "${group.group}": ${problem}`, {
    kind: "config",
    channel: group.channel,
    group: group.group,
  });
}

export interface WantedKey {
  readonly group: Destination;
  readonly key: string;
  readonly queue: string;
  /** True for a group's own queue, false for its dead letters. */
  readonly own: boolean;
  /** As far as is known, SNS has not sent to this queue with this key before. */
  readonly first: boolean;
}

/** The keys of a group's queue and of its dead letters. `subscribed`: SNS already delivers to the queue. */
export function keysOf(
  group: Destination,
  queue: Queue | undefined,
  dead: Queue | undefined,
  subscribed: boolean,
): readonly WantedKey[] {
  const wanted: WantedKey[] = [];
  const add = (of: Destination, is: Queue | undefined, own: boolean): void => {
    const has = is?.attributes["KmsMasterKeyId"] || undefined;
    // Dead letters are encrypted as their group's queue is, unless they have settings of their own.
    const asked = of.address === undefined ? (of.native["kmsKey"] ?? group.native["kmsKey"]) : undefined;
    const key = (asked as string | undefined) ?? has;
    if (key !== undefined)
      wanted.push({ group, key, queue: is?.name ?? of.name, own, first: !subscribed || has !== key });
  };
  add(group, queue, true);
  if (group.deadLetter !== undefined) add(group.deadLetter, dead, false);
  return wanted;
}

export interface KeyPlanning {
  readonly changes: readonly Change[];
  /** ARNs of the keys whose policies are to be changed. */
  readonly keys: readonly string[];
}

/** `known` is false while the topic does not exist and its account is unknown. The account of the key is then assumed. */
export async function planKeys(
  wanted: readonly WantedKey[],
  topic: { readonly arn: string; readonly known: boolean },
  { kms, signal }: Pick<TopologyContext, "kms" | "signal">,
): Promise<KeyPlanning> {
  const changes: Change[] = [];
  const keys = new Set<string>();
  for (const [key, all] of Map.groupBy(wanted, (one) => one.key)) {
    const [{ group }] = all as [WantedKey];
    const queues = all.map(({ queue }) => queue).join('", "');
    let topicArn = topic.arn;
    const change = (action: Change["action"], summary: string): Change => ({
      action,
      resource: "key",
      name: key,
      summary,
      detail: { statement: grantFor(topicArn) },
    });
    const byHand = (why: string): void => {
      if (!all.some(({ first }) => first)) return;
      const account = topicArn === topic.arn && !topic.known ? ", with your account in the topic's ARN" : "";
      const who = `its administrator must add the statement shown in detail to its policy${account}, or nothing reaches "${queues}"`;
      changes.push(change("drift", `its policy must let SNS use it: ${who}; not done here: ${why}`));
    };
    const managed = (problem: string): void => {
      if (all.some(({ own }) => own)) throw refusal(group, problem);
      const summary = `messages that SNS cannot deliver are not kept in "${queues}": ${problem}`;
      if (all.some(({ first }) => first)) changes.push({ action: "drift", resource: "key", name: key, summary });
    };
    const problem = managedKeyProblem(key);
    if (problem !== undefined) {
      managed(problem);
      continue;
    }
    try {
      const one = await (await kms()).describe(key, signal);
      if (!topic.known) topicArn = inAccount(topic.arn, accountOf(one.arn));
      if (one.managedByAws) {
        managed(managedKeyProblem("alias/aws/sqs")!.replace("alias/aws/sqs", key));
      } else if (accountOf(one.arn) !== accountOf(topicArn)) {
        byHand(`the key is of account ${accountOf(one.arn)}, and only that account may change its policy`);
      } else if (!keys.has(one.arn) && granted(await (await kms()).policy(one.arn, signal), one.arn, topicArn)) {
        keys.add(one.arn);
        const { Sid } = grantFor(topicArn);
        const summary = `its policy lets SNS use it for "${queues}": adds ${Sid} (sns.amazonaws.com: kms:GenerateDataKey*, kms:Decrypt, from this topic only)`;
        changes.push(change("update", summary));
      }
    } catch (error) {
      if (signal.aborted || (isMessagingError(error) && error.code === "kms-managed-key")) throw error;
      byHand(reasonOf(error));
    }
  }
  return { changes, keys: [...keys] };
}

/** Reads each policy again, so that later changes by others stay. A statement that exists by now is left alone. */
export async function applyKeys(
  keys: readonly string[],
  topicArn: string,
  { kms, signal }: Pick<TopologyContext, "kms" | "signal">,
): Promise<void> {
  for (const arn of keys) {
    try {
      const policy = granted(await (await kms()).policy(arn, signal), arn, topicArn);
      if (policy !== undefined) await (await kms()).setPolicy(arn, policy, signal);
    } catch (cause) {
      if (signal.aborted) throw cause;
      const text = `the policy of ${arn} could not be changed (${reasonOf(cause)}), and without the change every delivery of SNS is discarded; allow kms:PutKeyPolicy, or ask the key's administrator to add ${JSON.stringify(grantFor(topicArn))}`;
      throw new MessagingError("kms-not-granted", text, { kind: "config", cause });
    }
  }
}

const inAccount = (arn: string, account: string): string =>
  arn
    .split(":")
    .map((part, n) => (n === 4 ? account : part))
    .join(":");

const accountOf = (arn: string): string => arn.split(":")[4] ?? "";

function reasonOf(error: unknown): string {
  if (isMessagingError(error)) return error.message;
  if (error instanceof SyntaxError) return "its policy cannot be read";
  return `KMS said ${(error as Error | undefined)?.name ?? "no"}; allow kms:DescribeKey, kms:GetKeyPolicy and kms:PutKeyPolicy`;
}
