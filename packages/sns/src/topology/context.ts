import type { Destination, Topology } from "@switchyard/core/driver";
import { type Clients, classify as classifySqs, describeQueue, type Queue, queueUrl } from "@switchyard/sqs/kit";
import type { SqsOptions } from "@switchyard/sqs";
import { queueOf } from "../names.ts";
import type { SnsClient } from "../client.ts";
import { classify } from "../errors.ts";
import type { Kms } from "./kms.ts";
import type { Senders } from "./queue-sources.ts";

/** What planning and applying work with. */
export interface Workshop {
  readonly sns: SnsClient;
  /** Opened when a queue has a key; rejects where there is no SDK for it. */
  readonly kms: () => Promise<Kms>;
  readonly queues: Topology;
  readonly clients: Clients;
  readonly senders: Senders;
  readonly options: SqsOptions;
  readonly signal: AbortSignal;
}

/** The queue of a group, or of dead letters; undefined: not there. */
export async function findQueue(of: Destination, { options, clients, signal }: Workshop): Promise<Queue | undefined> {
  try {
    return await describeQueue(await queueUrl(queueOf(of), options, clients, signal), clients, signal);
  } catch (error) {
    if (classifySqs(error, "topology").code === "queue-not-found") return undefined;
    throw error;
  }
}

/** Undefined where SNS says there is no such thing. */
export function ifThere<T>(work: Promise<T>): Promise<T | undefined> {
  return work.catch((error: unknown) => {
    if (classify(error, "topology").code === "topic-not-found") return undefined;
    throw error;
  });
}
