/** Queues, topics and streams as the broker has them. A missing one is an error that says what to do. */
import type { Destination } from "@switchyard/core/driver";
import type { Broker } from "./broker/broker.ts";
import type { Log } from "./broker/log.ts";
import type { Queue } from "./broker/queue.ts";
import type { Topic } from "./broker/topic.ts";
import { MemoryFault, notFound } from "./errors.ts";
import { baseName, queueName } from "./names.ts";

export function findQueue({ queues }: Broker, of: Destination): Queue {
  const name = queueName(of);
  const queue = queues.get(name);
  if (queue === undefined) throw notFound("queue", name);
  return queue;
}

export function findTopic({ topics }: Broker, of: Destination): Topic {
  const name = baseName(of);
  const topic = topics.get(name);
  if (topic === undefined) throw notFound("topic", name);
  return topic;
}

export function findLog({ logs }: Broker, of: Destination): Log {
  const name = baseName(of);
  const log = logs.get(name);
  if (log === undefined) throw notFound("stream", name);
  return log;
}

export function groupOf(of: Destination): string {
  if (of.group !== undefined) return of.group;
  throw new MemoryFault(
    "config",
    "group-missing",
    `the stream "${of.base}" is read by a group, but no group was named`,
  );
}
