/** What a queue has, compared with what it should have, setting by setting. */
import type { Change } from "@switchyard/core/driver";
import { formatDuration } from "@switchyard/core/driver-kit";
import type { Clients } from "../client.ts";
import { SECOND } from "../limits.ts";
import { queueName } from "../names.ts";
import { type Queue, redriveOf } from "../resource.ts";
import { type Desired, encryption, throughput } from "./desired.ts";
import { canonical, policyOf, splitPolicy, statements } from "./policy.ts";

export interface Difference {
  /** Names the setting in a plan's state. */
  readonly setting: string;
  readonly action: Change["action"];
  readonly summary: string;
  /** The attributes to set. Absent: the difference is only shown. */
  readonly attributes?: Readonly<Record<string, string>>;
}

/** `deadLetterArn` is undefined while the dead-letter queue does not exist. */
export function differences(desired: Desired, queue: Queue, deadLetterArn: string | undefined): readonly Difference[] {
  return [
    ...plainSettings(desired, queue),
    ...encryptionDifference(desired, queue),
    ...redriveDifference(desired, queue, deadLetterArn),
    ...accessDifferences(desired, queue),
  ];
}

const time = (seconds: string): string => String(formatDuration(Number(seconds) * SECOND));

function plainSettings({ settings, fifo }: Desired, { attributes }: Queue): Difference[] {
  const found: Difference[] = [];
  const compare = (setting: string, name: string, wanted: number, show: (value: string) => string): void => {
    const is = attributes[name];
    const to = String(wanted);
    if (is === to) return;
    const lowered = setting === "retention" && is !== undefined && Number(is) > wanted;
    found.push({
      setting,
      action: lowered ? "destructive" : "update",
      summary: `${setting}: ${is === undefined ? "not set" : show(is)} becomes ${show(to)}${lowered ? "; older messages are deleted" : ""}`,
      attributes: { [name]: to },
    });
  };
  compare("retention", "MessageRetentionPeriod", settings.retentionMs / SECOND, time);
  compare("largest message", "MaximumMessageSize", settings.maxMessageBytes, (bytes) => `${bytes} bytes`);
  compare("delay", "DelaySeconds", settings.delayMs / SECOND, time);
  compare("visibility", "VisibilityTimeout", settings.visibilityMs / SECOND, time);
  const wanted = throughput(settings);
  if (fifo && Object.entries(wanted).some(([name, value]) => attributes[name] !== value)) {
    found.push({
      setting: "throughput",
      action: "update",
      summary: `throughput: becomes ${settings.throughput}, deduplication per ${settings.throughput === "high" ? "group" : "queue"}`,
      attributes: wanted,
    });
  }
  return found;
}

function encryptionDifference({ settings }: Desired, { attributes }: Queue): Difference[] {
  const key = attributes["KmsMasterKeyId"] || undefined;
  const wanted = encryption(settings);
  if (settings.kmsKey === undefined) {
    if (key !== undefined) {
      const summary = `encryption: the KMS key ${key} becomes SSE-SQS; set native.kmsKey to keep it`;
      return [{ setting: "encryption", action: "destructive", summary, attributes: { KmsMasterKeyId: "", ...wanted } }];
    }
    if (attributes["SqsManagedSseEnabled"] === "true") return [];
    return [
      { setting: "encryption", action: "update", summary: "encryption: none becomes SSE-SQS", attributes: wanted },
    ];
  }
  if (Object.entries(wanted).every(([name, value]) => attributes[name] === value)) return [];
  const is =
    key === undefined ? (attributes["SqsManagedSseEnabled"] === "true" ? "SSE-SQS" : "none") : `the KMS key ${key}`;
  return [
    {
      setting: "encryption",
      action: "update",
      summary: `encryption: ${is} becomes the KMS key ${settings.kmsKey}`,
      attributes: wanted,
    },
  ];
}

function redriveDifference(desired: Desired, { attributes }: Queue, deadLetterArn: string | undefined): Difference[] {
  const is = redriveOf(attributes["RedrivePolicy"]);
  const change = (action: Change["action"], summary: string, RedrivePolicy: string): Difference[] => [
    { setting: "dead letters", action, summary: `dead letters: ${summary}`, attributes: { RedrivePolicy } },
  ];
  if (desired.deadLetter === undefined)
    return is === undefined ? [] : change("destructive", `${is.target} gets no more of them`, "");
  const { maxReceiveCount } = desired;
  const wanted = JSON.stringify({ deadLetterTargetArn: deadLetterArn ?? "", maxReceiveCount });
  const target = deadLetterArn ?? desired.deadLetter.address ?? queueName(desired.deadLetter);
  if (is === undefined) return change("update", `to ${target} after ${maxReceiveCount} receives`, wanted);
  if (is.target !== deadLetterArn) return change("destructive", `${is.target} becomes ${target}`, wanted);
  // A higher count is fine: the policy's attempts are used up first.
  return is.count >= maxReceiveCount
    ? []
    : change("update", `after ${maxReceiveCount} receives, not ${is.count}`, wanted);
}

function accessDifferences({ settings, topics }: Desired, queue: Queue): Difference[] {
  const { ours, others } = splitPolicy(queue.attributes["Policy"]);
  const { send = [], ...access } = settings.access ?? {};
  const wanted = statements({ ...access, send: [...new Set([...send, ...topics])] }, queue.arn);
  const found: Difference[] = [];
  if (canonical(ours) !== canonical(wanted)) {
    found.push({
      setting: "access",
      action: "update",
      summary: `access: ${sids(ours)} becomes ${sids(wanted)}`,
      attributes: { Policy: policyOf([...others, ...wanted]) },
    });
  }
  if (others.length > 0) {
    const summary = `access: ${others.length} statement(s) that are not ours (${sids(others)})`;
    found.push(
      settings.access === undefined
        ? {
            setting: "foreign access",
            action: "drift",
            summary: `${summary}; left alone while native.access is not set`,
          }
        : {
            setting: "foreign access",
            action: "destructive",
            summary: `${summary} are removed; declare them under native.access to keep them`,
            attributes: { Policy: policyOf(wanted) },
          },
    );
  }
  return found;
}

function sids(all: readonly { readonly Sid?: string }[]): string {
  return all.length === 0 ? "none" : all.map(({ Sid }) => Sid ?? "without a name").join(", ");
}

/** The declared tags that are absent or differ. Undefined: none. Tags that are not declared are left alone. */
export async function missingTags(
  { settings }: Desired,
  url: string,
  clients: Clients,
  signal: AbortSignal,
): Promise<Record<string, string> | undefined> {
  if (settings.tags === undefined) return undefined;
  const { Tags = {} } = await clients.call("ListQueueTags", { QueueUrl: url }, signal);
  const missing = Object.entries(settings.tags).filter(([key, value]) => Tags[key] !== value);
  return missing.length === 0 ? undefined : Object.fromEntries(missing);
}
