import type { Destination } from "@switchyard/core/driver";
import { MessagingError } from "@switchyard/core/driver-kit";
import { queueName } from "../names.ts";
import type { Clients } from "../client.ts";
import { classify } from "../errors.ts";
import type { SqsOptions } from "../options.ts";
import { describeQueue, queueUrl } from "../resource.ts";
import { creationAttributes, type Desired } from "./desired.ts";
import { differences, missingTags } from "./differences.ts";

/** One queue of a plan, as plain data. */
export interface Planned {
  readonly of: Destination;
  readonly name: string;
  readonly create: boolean;
  /** Which settings may be changed. Differences that arose after the plan are left for the next plan. */
  readonly settings: readonly string[];
  readonly tags?: boolean;
}

interface Applying {
  readonly options: SqsOptions;
  readonly clients: Clients;
  readonly signal: AbortSignal;
  readonly destructive: boolean;
}

/** Values are computed again, so that statements added to a policy after the plan are kept. */
export async function applyQueue(
  planned: Planned,
  desired: Desired,
  { options, clients, signal, destructive }: Applying,
): Promise<void> {
  if (desired.external || (!planned.create && planned.settings.length === 0 && planned.tags !== true)) return;
  const url = planned.create
    ? await create(desired, { options, clients, signal, destructive })
    : await queueUrl(desired.of, options, clients, signal);
  const queue = await describeQueue(url, clients, signal);
  const found = differences(desired, queue, await deadLetterArn(desired, options, clients, signal));
  const chosen = found.filter(({ setting, action }) => {
    if (action === "drift" || (action === "destructive" && !destructive)) return false;
    return planned.create || planned.settings.includes(setting);
  });
  // Later ones win: the policy without foreign statements replaces the one with them.
  const attributes = Object.assign({}, ...chosen.map((difference) => difference.attributes)) as Record<string, string>;
  if (Object.keys(attributes).length > 0)
    await clients.call("SetQueueAttributes", { QueueUrl: url, Attributes: attributes }, signal);
  const tags = planned.create || planned.tags === true ? await missingTags(desired, url, clients, signal) : undefined;
  if (tags !== undefined) await clients.call("TagQueue", { QueueUrl: url, Tags: tags }, signal);
}

async function create(desired: Desired, { options, clients, signal }: Applying): Promise<string> {
  const { tags } = desired.settings;
  try {
    await clients.call(
      "CreateQueue",
      { QueueName: desired.name, Attributes: creationAttributes(desired), ...(tags === undefined ? {} : { tags }) },
      signal,
    );
  } catch (error) {
    // Another process was faster, or created the queue with other settings. Differences are then changed as on any queue.
    if (classify(error, "topology").code !== "queue-exists-otherwise") throw error;
  }
  return queueUrl(desired.of, options, clients, signal);
}

async function deadLetterArn(
  { deadLetter }: Desired,
  options: SqsOptions,
  clients: Clients,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (deadLetter === undefined) return undefined;
  const { arn } = await describeQueue(await queueUrl(deadLetter, options, clients, signal), clients, signal);
  if (arn !== "") return arn;
  throw new MessagingError(
    "queue-not-found",
    `the dead-letter queue "${deadLetter.address ?? queueName(deadLetter)}" has no ARN`,
    {
      kind: "config",
    },
  );
}
