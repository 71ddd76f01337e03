/**
 * An event source mapping of a queue, as AWS documents it: polls the queue, invokes the function with batches, and deletes what is done.
 *
 * Documented [AWS developer guide, "Using Lambda with Amazon SQS", "Handling errors for an SQS event source"]: a failed function deletes
 * nothing, so that messages come again when their visibility timeout ends. Without `ReportBatchItemFailures` the answer is ignored, and
 * everything is deleted. With it, an empty answer means that all is done; an id that is empty, missing or unknown means that all has failed.
 * Not documented: whether a message that is named as failed is made visible at once. `resets` does it.
 */
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import { systemRuntime } from "@switchyard/core";
import type { Invoke } from "./function.ts";

export interface QueueMappingOptions {
  readonly client: SQSClient;
  /** The queue's name, `.fifo` included. */
  readonly queue: string;
  readonly invoke: Invoke;
  /** `FunctionResponseTypes: [ReportBatchItemFailures]`. */
  readonly report: boolean;
  /** Default 10. */
  readonly batchSize?: number;
  /** `MaximumBatchingWindowInSeconds`, in milliseconds. Default 0. */
  readonly windowMs?: number;
  /** `ScalingConfig.MaximumConcurrency`. Default 5, with which Lambda starts. */
  readonly maximumConcurrency?: number;
  /** Default false. */
  readonly resets?: boolean;
  /** Seconds of a long poll. Default 1: tests stop often. */
  readonly waitSeconds?: number;
}

const ATTRIBUTES = ["All"] as const;

export class QueueMapping {
  readonly #options: QueueMappingOptions;
  readonly #stop = new AbortController();
  #ending = false;
  #pollers: Promise<void>[] = [];
  /** How many invocations ran at once at most. */
  most = 0;
  invocations = 0;
  #running = 0;

  constructor(options: QueueMappingOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { client, queue, maximumConcurrency = 5 } = this.#options;
    const { QueueUrl: url = "" } = await client.send(new GetQueueUrlCommand({ QueueName: queue }));
    const { Attributes } = await client.send(
      new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ["QueueArn"] }),
    );
    const arn = Attributes!["QueueArn"]!;
    this.#pollers = Array.from({ length: maximumConcurrency }, () => this.#poll(url, arn));
  }

  /** Resolves when no invocation runs any more. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#pollers);
  }

  /**
   * Stops as a mapping of Lambda does: what its receives still bring is handled. A receive that is left takes messages all the same, which are
   * then hidden until their hold ends.
   */
  async end(): Promise<void> {
    this.#ending = true;
    await Promise.all(this.#pollers);
  }

  async #poll(url: string, arn: string): Promise<void> {
    while (!this.#stop.signal.aborted && !this.#ending) {
      const batch = await this.#gather(url);
      if (batch.length === 0) continue;
      this.invocations++;
      this.most = Math.max(this.most, ++this.#running);
      const ended = await this.#options.invoke({ Records: batch.map((message) => recordOf(message, arn)) });
      this.#running--;
      await this.#settle(url, batch, ended.kind === "answered" ? this.#failed(ended.answer, batch) : batch);
    }
  }

  async #gather(url: string): Promise<Message[]> {
    const { client, batchSize = 10, windowMs = 0, waitSeconds = 1 } = this.#options;
    const batch: Message[] = [];
    const until = systemRuntime.monotonic() + windowMs;
    do {
      const input = {
        QueueUrl: url,
        MaxNumberOfMessages: Math.min(10, batchSize - batch.length),
        WaitTimeSeconds: waitSeconds,
        MessageAttributeNames: ["All"],
        MessageSystemAttributeNames: [...ATTRIBUTES],
      };
      const { Messages = [] } = await client
        .send(new ReceiveMessageCommand(input), { abortSignal: this.#stop.signal })
        .catch(() => ({ Messages: [] as Message[] }));
      batch.push(...Messages);
    } while (
      batch.length < batchSize &&
      batch.length > 0 &&
      systemRuntime.monotonic() < until &&
      !this.#stop.signal.aborted
    );
    return batch;
  }

  /** Which messages an answer says have failed. */
  #failed(answer: unknown, batch: readonly Message[]): readonly Message[] {
    if (!this.#options.report) return [];
    const { batchItemFailures } = (answer ?? {}) as { batchItemFailures?: unknown };
    if (batchItemFailures === undefined || batchItemFailures === null) return [];
    if (!Array.isArray(batchItemFailures)) return batch;
    const ids = batchItemFailures.map((item) => (item as { itemIdentifier?: unknown } | null)?.itemIdentifier);
    const known = new Set(batch.map(({ MessageId }) => MessageId));
    if (ids.some((id) => typeof id !== "string" || !known.has(id))) return batch;
    return batch.filter(({ MessageId }) => ids.includes(MessageId));
  }

  async #settle(url: string, batch: readonly Message[], failed: readonly Message[]): Promise<void> {
    const { client, resets = false } = this.#options;
    const done = batch.filter((message) => !failed.includes(message));
    for (let at = 0; at < done.length; at += 10) {
      const Entries = done
        .slice(at, at + 10)
        .map(({ ReceiptHandle }, id) => ({ Id: String(id), ReceiptHandle: ReceiptHandle! }));
      await client.send(new DeleteMessageBatchCommand({ QueueUrl: url, Entries })).catch(() => undefined);
    }
    if (!resets) return;
    for (const { ReceiptHandle } of failed)
      await client
        .send(new ChangeMessageVisibilityCommand({ QueueUrl: url, ReceiptHandle, VisibilityTimeout: 0 }))
        .catch(() => undefined);
  }
}

/** A record as Lambda makes it of a message: in camel case, with bytes as base64. */
function recordOf(message: Message, arn: string): object {
  const attributes = Object.entries(message.MessageAttributes ?? {}).map(
    ([name, { StringValue, BinaryValue, DataType }]) => [
      name,
      {
        ...(StringValue === undefined ? {} : { stringValue: StringValue }),
        ...(BinaryValue === undefined ? {} : { binaryValue: Buffer.from(BinaryValue).toString("base64") }),
        stringListValues: [],
        binaryListValues: [],
        dataType: DataType,
      },
    ],
  );
  return {
    messageId: message.MessageId,
    receiptHandle: message.ReceiptHandle,
    body: message.Body,
    attributes: message.Attributes,
    messageAttributes: Object.fromEntries(attributes) as object,
    md5OfBody: message.MD5OfBody,
    eventSource: "aws:sqs",
    eventSourceARN: arn,
    awsRegion: arn.split(":")[3],
  };
}
