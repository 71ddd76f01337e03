import type { Destination } from "@switchyard/core/driver";
import { MessagingError } from "@switchyard/core/driver-kit";
import { parseAddress, queueName } from "./names.ts";
import type { Clients } from "./client.ts";
import { isLoopback, sameService } from "./endpoint.ts";
import { DEFAULT_RETENTION_MS, MAX_MESSAGE_BYTES, SECOND } from "./limits.ts";
import type { SqsOptions } from "./options.ts";

export interface Queue {
  readonly url: string;
  readonly arn: string;
  readonly name: string;
  readonly fifo: boolean;
  readonly maxMessageBytes: number;
  readonly retentionMs: number;
  readonly attributes: Readonly<Record<string, string | undefined>>;
}

const refuse = (code: string, message: string): MessagingError => new MessagingError(code, message, { kind: "config" });

/** The resource of a call, for errors: `queue "orders.fifo"`. */
export function queueWords(input: {
  readonly QueueUrl?: string;
  readonly QueueName?: string;
  readonly SourceArn?: string;
}): string | undefined {
  const name = input.QueueName ?? input.QueueUrl?.split("/").at(-1) ?? input.SourceArn?.split(":").at(-1);
  return name === undefined ? undefined : `queue "${name}"`;
}

/** The queue's URL as the endpoint returns it. Rejects with SQS's own error if there is no such queue. */
export async function queueUrl(
  of: Destination,
  options: SqsOptions,
  clients: Clients,
  signal: AbortSignal,
): Promise<string> {
  const address = of.address ?? queueName(of);
  const parsed = parseAddress(address);
  if (parsed === undefined) throw refuse("bad-address", `"${address}" is not the name, URL or ARN of an SQS queue`);
  const endpoint = await clients.endpoint();
  if (parsed.url !== undefined) return checkedUrl(parsed.url, endpoint, options, GIVEN);
  const region = parsed.region === undefined ? undefined : await clients.region();
  if (region !== undefined && region !== parsed.region) {
    throw refuse(
      "wrong-region",
      `"${address}" is in ${parsed.region}, this connection in ${region}; use a connection with region: ${parsed.region}`,
    );
  }
  const owner = parsed.account ?? options.accountId;
  const { QueueUrl = "" } = await clients.call(
    "GetQueueUrl",
    { QueueName: parsed.name, ...(owner === undefined ? {} : { QueueOwnerAWSAccountId: owner }) },
    signal,
  );
  const url = URL.parse(QueueUrl);
  if (url === null) throw refuse("bad-queue-url", `the endpoint gave no URL for the queue "${parsed.name}"`);
  // The endpoint gave this URL and requests go to the endpoint, so only its path is used.
  return clients.followsUrls ? checkedUrl(url, endpoint, options, FOLLOWED) : url.href;
}

const GIVEN =
  "give the queue by name or ARN, or use a connection with that endpoint or region; if the queue is in a partition of AWS that this version does not know, add the host to trustedHosts";
const FOLLOWED =
  "this client sends requests to the host of a queue's URL; create it with useQueueUrlAsEndpoint: false, or set endpoint instead of client";

/** A queue's URL can make the SDK send signed requests to its host, so only a URL of the endpoint's own service is accepted. */
function checkedUrl(url: URL, endpoint: URL | undefined, options: SqsOptions, hint: string): string {
  if (url.protocol !== "https:" && !isLoopback(url.hostname) && options.allowInsecure !== true) {
    throw refuse(
      "insecure-queue-url",
      `the queue URL at ${url.origin} is not encrypted; use https:, or allowInsecure: true where the network is trusted`,
    );
  }
  if (endpoint !== undefined && !sameService(url, endpoint, options.trustedHosts)) {
    throw refuse(
      "foreign-queue-url",
      `the queue URL is at ${url.origin}, this connection's endpoint is ${endpoint.origin}; ${hint}`,
    );
  }
  return url.href;
}

/** Checks that the queue is there and of the right kind, and reads its own limits. */
export async function openQueue(
  of: Destination,
  options: SqsOptions,
  clients: Clients,
  signal: AbortSignal,
): Promise<Queue> {
  const queue = await describeQueue(await queueUrl(of, options, clients, signal), clients, signal);
  if (queue.fifo === of.ordered) return queue;
  throw refuse(
    "wrong-queue-kind",
    of.ordered
      ? `the queue "${queue.name}" is a standard queue and keeps no order; the channel's orderingKey needs a FIFO queue`
      : `the queue "${queue.name}" is a FIFO queue; declare an orderingKey on the channel, or use a standard queue`,
  );
}

export async function describeQueue(url: string, clients: Clients, signal: AbortSignal): Promise<Queue> {
  const { Attributes: attributes = {} } = await clients.call(
    "GetQueueAttributes",
    { QueueUrl: url, AttributeNames: ["All"] },
    signal,
  );
  const name = url.slice(url.lastIndexOf("/") + 1);
  return {
    url,
    name,
    arn: attributes["QueueArn"] ?? "",
    fifo: attributes["FifoQueue"] === "true" || name.endsWith(".fifo"),
    maxMessageBytes: Number(attributes["MaximumMessageSize"] ?? MAX_MESSAGE_BYTES),
    retentionMs:
      attributes["MessageRetentionPeriod"] === undefined
        ? DEFAULT_RETENTION_MS
        : Number(attributes["MessageRetentionPeriod"]) * SECOND,
    attributes,
  };
}

/** Whether SQS encrypts the queue, with a key of its own (SSE-SQS) or of KMS. */
export function isEncrypted({ attributes }: Pick<Queue, "attributes">): boolean {
  return attributes["SqsManagedSseEnabled"] === "true" || (attributes["KmsMasterKeyId"] ?? "") !== "";
}

/** A queue's `RedrivePolicy`: where SQS moves a message by itself, and after how many receives. */
export function redriveOf(policy: string | undefined): { readonly target: string; readonly count: number } | undefined {
  if (policy === undefined || policy === "") return undefined;
  try {
    const { deadLetterTargetArn, maxReceiveCount } = JSON.parse(policy) as Record<string, unknown>;
    return { target: String(deadLetterTargetArn), count: Number(maxReceiveCount) };
  } catch {
    return { target: "an unreadable policy", count: 0 };
  }
}
