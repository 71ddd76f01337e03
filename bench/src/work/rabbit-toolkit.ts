/** `@message-queue-toolkit/amqp` as its README shows it. */
import {
  AbstractAmqpQueueConsumer,
  AbstractAmqpQueuePublisher,
  AmqpConnectionManager,
} from "@message-queue-toolkit/amqp";
import { MessageHandlerConfigBuilder } from "@message-queue-toolkit/core";
import { message, silent } from "./messages.ts";
import { FIELDS, Job, quiet } from "./toolkit.ts";

const messageTypeResolver = { messageTypePath: "messageType" };

async function dependencies(url: string) {
  const { hostname, port, username, password } = new URL(url);
  const config = { hostname, port: Number(port), username, password, vhost: "", useTls: false };
  const amqpConnectionManager = new AmqpConnectionManager(config, quiet as never);
  await amqpConnectionManager.init();
  return {
    amqpConnectionManager,
    logger: quiet,
    errorReporter: { report: silent },
    consumerErrorResolver: { processError: (error: unknown) => error },
    transactionObservabilityManager: { start: silent, startWithGroup: silent, stop: silent },
  } as any;
}

class Publisher extends AbstractAmqpQueuePublisher<Job> {}

export async function publisher(url: string, queueName: string) {
  const all = await dependencies(url);
  const made = new Publisher(all, { messageSchemas: [Job], messageTypeResolver, locatorConfig: { queueName } } as any);
  await made.init();
  return {
    publish: (index: number) => made.publish({ ...message(index), ...FIELDS, id: String(index), messageType: "job" }),
    close: () => all.amqpConnectionManager.close() as Promise<void>,
  };
}

class JobConsumer extends AbstractAmqpQueueConsumer<Job, object> {}

/** Starts to consume; resolves with what ends it. */
export async function consume(url: string, queueName: string, handle: () => void): Promise<() => Promise<void>> {
  const all = await dependencies(url);
  const handlers = new MessageHandlerConfigBuilder<Job, object>()
    .addConfig(Job, async () => {
      handle();
      return { result: "success" as const };
    })
    .build();
  const made = new JobConsumer(all, { messageTypeResolver, handlers, locatorConfig: { queueName } } as any, {});
  await made.start();
  return () => all.amqpConnectionManager.close() as Promise<void>;
}
