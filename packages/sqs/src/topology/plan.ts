import type { Change, Destination } from "@switchyard/core/driver";
import type { Clients } from "../client.ts";
import { classify } from "../errors.ts";
import { queueName } from "../names.ts";
import type { SqsOptions } from "../options.ts";
import { describeQueue, type Queue, queueUrl } from "../resource.ts";
import type { Planned } from "./apply.ts";
import type { Desired } from "./desired.ts";
import { differences, missingTags } from "./differences.ts";

/** Compares one queue with what it should be. */
export async function planQueue(
  desired: Desired,
  options: SqsOptions,
  clients: Clients,
  signal: AbortSignal,
): Promise<{ changes: Change[]; planned: Planned; arn?: string }> {
  const { of, name } = desired;
  const queue = await find(of, options, clients, signal);
  const planned: Planned = { of, name, create: false, settings: [] };
  const change = (action: Change["action"], summary: string): Change => ({ action, resource: "queue", name, summary });
  const arn = queue === undefined ? {} : { arn: queue.arn };
  if (desired.external)
    return { changes: externalChanges(desired, queue).map((summary) => change("drift", summary)), planned, ...arn };
  if (queue === undefined) {
    const changes = [change("create", creationSummary(desired))];
    const other = await findUrl({ ...of, ordered: !of.ordered }, options, clients, signal);
    if (other !== undefined) changes.push(change("drift", twinSummary(desired)));
    return { changes, planned: { ...planned, create: true } };
  }
  const deadLetter =
    desired.deadLetter === undefined ? undefined : await find(desired.deadLetter, options, clients, signal);
  const found = differences(desired, queue, deadLetter?.arn);
  const changes = found.map(({ action, summary }) => change(action, summary));
  const tags = await missingTags(desired, queue.url, clients, signal);
  if (tags !== undefined) changes.push(change("update", `tags: ${Object.keys(tags).join(", ")}`));
  const settings = found.map(({ setting }) => setting);
  return { changes, planned: { ...planned, settings, tags: tags !== undefined }, ...arn };
}

function externalChanges(desired: Desired, queue: Queue | undefined): string[] {
  if (queue === undefined)
    return ["does not exist, and is not created because it was given by address; create it, or leave out the address"];
  if (queue.fifo === desired.fifo) return [];
  return [
    desired.fifo
      ? "is a standard queue and keeps no order; give a FIFO queue"
      : "is a FIFO queue; declare an orderingKey, or give a standard queue",
  ];
}

function creationSummary({ fifo, settings, deadLetter, maxReceiveCount }: Desired): string {
  const parts = [
    fifo ? "FIFO" : "standard",
    settings.kmsKey === undefined ? "SSE-SQS" : `encrypted with ${settings.kmsKey}`,
  ];
  if (deadLetter !== undefined)
    parts.push(`dead letters to ${deadLetter.address ?? queueName(deadLetter)} after ${maxReceiveCount} receives`);
  return `new queue: ${parts.join(", ")}`;
}

function twinSummary({ of, fifo }: Desired): string {
  const twin = queueName({ ...of, ordered: !fifo });
  return `"${twin}" exists: a queue cannot become ${fifo ? "FIFO" : "standard"}, so messages in it stay there; drain it with the earlier configuration, then delete it`;
}

async function find(
  of: Destination,
  options: SqsOptions,
  clients: Clients,
  signal: AbortSignal,
): Promise<Queue | undefined> {
  const url = await findUrl(of, options, clients, signal);
  return url === undefined ? undefined : describeQueue(url, clients, signal).catch(ignoreMissing);
}

/** The URL of a queue. Undefined if there is no such queue. */
export async function findUrl(
  of: Destination,
  options: SqsOptions,
  clients: Clients,
  signal: AbortSignal,
): Promise<string | undefined> {
  return queueUrl(of, options, clients, signal).catch(ignoreMissing);
}

/** For `catch`: returns undefined if the queue does not exist. */
export function ignoreMissing(error: unknown): undefined {
  if (classify(error, "topology").code === "queue-not-found") return undefined;
  throw error;
}
