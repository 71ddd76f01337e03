import { configOf, placing, type Sdk } from "@switchyard/aws-kit";
import type { Change, Destination, Topology, TopologyPlan } from "@switchyard/core/driver";
import { fromFault, isMessagingError } from "@switchyard/core/driver-kit";
import { queueName } from "../names.ts";
import { chunks } from "../batches.ts";
import { type Clients, openClients } from "../clients.ts";
import { classify } from "../errors.ts";
import type { SqsOptions } from "../options.ts";
import { describeQueue, type Queue, queueUrl, queueWords } from "../resource.ts";
import { applyQueue, type Planned } from "./apply.ts";
import { type Desired, desiredQueues, type TopicsOf } from "./desired.ts";
import { differences } from "./differences.ts";
import { missingTags } from "./tags.ts";

/** Queues, their dead-letter queues and settings. Needs the rights to create and to change, which the services need not have. */
export async function createTopology(options: SqsOptions, sdk: Sdk, topicsOf?: TopicsOf): Promise<Topology> {
  const opened = await openClients(options, sdk);
  const clients = { ...opened, call: placing(opened.call, configOf(opened.client), queueWords) };

  return {
    async plan(destinations, signal) {
      const changes: Change[] = [];
      const state: Planned[] = [];
      for (const part of chunks(desiredQueues(destinations, topicsOf))) {
        const planned = await naming(
          "plan",
          Promise.all(part.map((desired) => planQueue(desired, options, clients, signal))),
        );
        for (const one of planned) {
          changes.push(...one.changes);
          state.push(one.planned);
        }
      }
      return { changes, state };
    },
    async apply(plan: TopologyPlan, signal, { destructive = false } = {}) {
      const planned = (plan.state ?? []) as readonly Planned[];
      const desired = new Map(
        desiredQueues(
          planned.map(({ of }) => of),
          topicsOf,
        ).map((queue) => [queue.name, queue]),
      );
      // In the order of the plan, dead letters first: what comes later needs their ARNs.
      for (const one of planned) {
        await naming(
          `apply "${one.name}"`,
          applyQueue(one, desired.get(one.name)!, { options, clients, signal, destructive }),
        );
      }
    },
    async destroy(destinations, signal) {
      for (const { of, external } of [...desiredQueues(destinations)].reverse()) {
        if (external) continue;
        const url = await naming("destroy", findUrl(of, options, clients, signal));
        if (url !== undefined)
          await naming("destroy", clients.call("DeleteQueue", { QueueUrl: url }, signal).catch(ignoreMissing));
      }
    },
    close: async () => clients.close(),
  };
}

async function planQueue(
  desired: Desired,
  options: SqsOptions,
  clients: Clients,
  signal: AbortSignal,
): Promise<{ changes: Change[]; planned: Planned }> {
  const { of, name } = desired;
  const queue = await find(of, options, clients, signal);
  const planned: Planned = { of, name, create: false, settings: [] };
  const change = (action: Change["action"], summary: string): Change => ({ action, resource: "queue", name, summary });
  if (desired.external)
    return { changes: externalChanges(desired, queue).map((summary) => change("drift", summary)), planned };
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
  return { changes, planned: { ...planned, settings: found.map(({ setting }) => setting), tags: tags !== undefined } };
}

function externalChanges(desired: Desired, queue: Queue | undefined): string[] {
  if (queue === undefined)
    return ["does not exist, and is not made because it was given by address; create it, or leave the address out"];
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

async function findUrl(
  of: Destination,
  options: SqsOptions,
  clients: Clients,
  signal: AbortSignal,
): Promise<string | undefined> {
  return queueUrl(of, options, clients, signal).catch(ignoreMissing);
}

function ignoreMissing(error: unknown): undefined {
  if (classify(error, "topology").code === "queue-not-found") return undefined;
  throw error;
}

/** Topology has no connection to name its errors, so they are named here. */
async function naming<T>(doing: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw isMessagingError(cause) ? cause : fromFault(classify(cause, "topology"), `sqs: ${doing}`, cause, {});
  }
}
