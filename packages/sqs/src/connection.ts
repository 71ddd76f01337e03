import { type Sdk, watcher } from "@switchyard/aws-kit";
import type { Connection, DriverEvent, Runtime } from "@switchyard/core/driver";
import { MessagingError } from "@switchyard/core/driver-kit";
import { openClients } from "./client.ts";
import { classify } from "./errors.ts";
import { MAX_HOLD_MS } from "./limits.ts";
import type { SqsOptions } from "./options.ts";
import { describeQueue, openQueue, queueUrl, queueWords } from "./resource.ts";
import { createReceiver } from "./receiver.ts";
import { createSender } from "./sender.ts";

export async function connect(
  options: SqsOptions,
  sdk: Sdk,
  runtime: Runtime,
  report: (event: DriverEvent) => void,
): Promise<Connection> {
  const opened = await openClients(options, sdk);
  const watch = watcher(report, classify, queueOf);
  const clients = {
    ...opened,
    call: watch(opened.call, { client: opened.client, resourceOf: queueWords }),
    poll: watch(opened.poll, { client: opened.pollClient, resourceOf: queueWords }),
  };

  return {
    sender: async (to, signal) =>
      createSender(await openQueue(to, options, clients, signal), clients.call, runtime, to.dead === true),
    receiver: async (from, { holdMs }, signal) => {
      if (!(holdMs > 0 && holdMs <= MAX_HOLD_MS)) {
        throw new MessagingError("bad-hold", `a hold of ${holdMs} ms; SQS holds a message from 1 second to 12 hours`, {
          kind: "config",
        });
      }
      return createReceiver(await openQueue(from, options, clients, signal), clients, holdMs, runtime);
    },
    depth: async (of, signal) => {
      const { attributes } = await describeQueue(await queueUrl(of, options, clients, signal), clients, signal);
      return [
        {
          ready: Number(attributes["ApproximateNumberOfMessages"] ?? 0),
          delayed: Number(attributes["ApproximateNumberOfMessagesDelayed"] ?? 0),
          held: Number(attributes["ApproximateNumberOfMessagesNotVisible"] ?? 0),
        },
      ];
    },
    purge: async (of, signal) => {
      await clients.call("PurgeQueue", { QueueUrl: await queueUrl(of, options, clients, signal) }, signal);
    },
    classify,
    close: async () => clients.close(),
  };
}

/** The name of the queue a call is about. */
function queueOf(input: unknown): string | undefined {
  const url = (input as { QueueUrl?: string }).QueueUrl;
  return url?.slice(url.lastIndexOf("/") + 1);
}
