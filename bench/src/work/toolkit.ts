/** `@message-queue-toolkit/sqs` as its README shows it. */
import type { SQSClient } from "@aws-sdk/client-sqs";
import { MessageHandlerConfigBuilder } from "@message-queue-toolkit/core";
import { AbstractSqsConsumer, AbstractSqsPublisher } from "@message-queue-toolkit/sqs";
import { z } from "zod";
import { message, silent } from "./messages.ts";

export const Job = z.object({
  id: z.string(),
  messageType: z.literal("job"),
  text: z.string(),
  timestamp: z.string().optional(),
});
export type Job = z.infer<typeof Job>;
export const FIELDS = { id: "1", messageType: "job", timestamp: "2026-01-01T00:00:00.000Z" };

export const quiet = {
  info: silent,
  warn: silent,
  error: silent,
  debug: silent,
  trace: silent,
  fatal: silent,
  child: () => quiet,
};
export const common = {
  logger: quiet,
  errorReporter: { report: silent },
  consumerErrorResolver: { resolveError: () => ({ resolve: "retryLater" }), processError: (error: unknown) => error },
  transactionObservabilityManager: { start: silent, startWithGroup: silent, stop: silent },
};

class Publisher extends AbstractSqsPublisher<Job> {
  constructor(sqs: SQSClient, queueUrl: string) {
    super(
      { ...common, sqsClient: sqs } as any,
      {
        messageSchemas: [Job],
        messageTypeResolver: { messageTypePath: "messageType" },
        locatorConfig: { queueUrl },
      } as any,
    );
  }
}

export async function publisher(sqs: SQSClient, queueUrl: string): Promise<(index: number) => Promise<unknown>> {
  const made = new Publisher(sqs, queueUrl);
  await made.init();
  return (index) => made.publish({ ...message(index), ...FIELDS, id: String(index), messageType: "job" });
}

class JobConsumer extends AbstractSqsConsumer<Job, object> {
  constructor(sqs: SQSClient, queueUrl: string, handle: () => unknown) {
    super(
      { ...common, sqsClient: sqs } as any,
      {
        messageTypeResolver: { messageTypePath: "messageType" },
        handlers: new MessageHandlerConfigBuilder<Job, object>()
          .addConfig(Job, async () => {
            await handle();
            return { result: "success" as const };
          })
          .build(),
        locatorConfig: { queueUrl },
      } as any,
      {},
    );
  }
}

export async function consume(sqs: SQSClient, queueUrl: string, handle: () => unknown): Promise<() => unknown> {
  const made = new JobConsumer(sqs, queueUrl, handle);
  await made.start();
  return () => made.close(true);
}
