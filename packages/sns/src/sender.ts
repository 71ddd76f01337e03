import { noteContext } from "@switchyard/aws-kit";
import type { Capabilities, Runtime, SenderDriver, Sent, WireMessage } from "@switchyard/core/driver";
import { byIndex, sizeOf } from "@switchyard/sqs/kit";
import { topicCapabilities } from "./capabilities.ts";
import type { Call, PublishEntry } from "./sdk.ts";
import { refusal, toPublishEntry } from "./message.ts";
import type { Topic } from "./resource.ts";

export function createSender(topic: Topic, call: Call, runtime: Runtime): SenderDriver {
  const { arn, fifo, maxMessageBytes } = topic;
  const capabilities: Capabilities = topicCapabilities(fifo, maxMessageBytes, {
    maxMessageBytes,
    retentionMs: 345_600_000,
  });

  async function send(batch: readonly WireMessage[], signal: AbortSignal): Promise<readonly Sent[]> {
    const results: Sent[] = new Array(batch.length);
    const entries: PublishEntry[] = [];
    const places: number[] = [];
    batch.forEach((message, index) => {
      const cause = refusal(message, fifo);
      if (cause !== undefined) {
        results[index] = { cause };
        return;
      }
      entries.push(toPublishEntry(String(entries.length), message, fifo, () => runtime.uuid()));
      places.push(index);
    });
    if (entries.length === 0) return results;
    const reply = await call("PublishBatch", { TopicArn: arn, PublishBatchRequestEntries: entries }, signal);
    byIndex(reply, entries.length).forEach((result, index) => {
      if ("cause" in result) noteContext(result.cause, `topic "${topic.name}"`);
      results[places[index]!] = "cause" in result ? { cause: result.cause } : { id: result.MessageId ?? "" };
    });
    return results;
  }

  const encryptedAtRest = (topic.attributes["KmsMasterKeyId"] ?? "") !== "";
  return { capabilities, encryptedAtRest, size: sizeOf, send, close: async () => {} };
}
