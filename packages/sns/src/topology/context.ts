import type { Destination, Topology } from "@switchyard/core/driver";
import { type Clients, classify as classifySqs, describeQueue, type Queue, queueUrl } from "@switchyard/sqs/kit";
import type { SqsOptions } from "@switchyard/sqs";
import { queueOf } from "../names.ts";
import type { SnsClient } from "../client.ts";
import { classify } from "../errors.ts";
import type { Kms } from "./kms.ts";
import type { QueueSources } from "./queue-sources.ts";

/** What planning, applying and destroying share. */
export interface TopologyContext {
  readonly sns: SnsClient;
  /** Opened when a queue has a KMS key. Rejects where `@aws-sdk/client-kms` is not installed. */
  readonly kms: () => Promise<Kms>;
  readonly queues: Topology;
  readonly clients: Clients;
  readonly sources: QueueSources;
  readonly options: SqsOptions;
  readonly signal: AbortSignal;
}

/** The queue of a group or of its dead letters. Undefined: there is no such queue. */
export async function findQueue(
  of: Destination,
  { options, clients, signal }: TopologyContext,
): Promise<Queue | undefined> {
  try {
    return await describeQueue(await queueUrl(queueOf(of), options, clients, signal), clients, signal);
  } catch (error) {
    if (classifySqs(error, "topology").code === "queue-not-found") return undefined;
    throw error;
  }
}

/** Undefined where SNS answers that there is no such topic or subscription. */
export function ifThere<T>(work: Promise<T>): Promise<T | undefined> {
  return work.catch((error: unknown) => {
    if (classify(error, "topology").code === "topic-not-found") return undefined;
    throw error;
  });
}
