import { placeOfArn, type Sdk, serverOf, watcher } from "@switchyard/aws-kit";
import type { Connection, Destination, DriverEvent, Runtime } from "@switchyard/core/driver";
import { MessagingError } from "@switchyard/core/driver-kit";
import { openClients } from "./client.ts";
import { classify } from "./errors.ts";
import { MAX_HOLD_MS } from "./limits.ts";
import { movesOf } from "./moves.ts";
import { parseAddress } from "./names.ts";
import { settingsOf } from "./native.ts";
import type { OldestAges } from "./oldest-age.ts";
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
  let asking: Promise<OldestAges> | undefined;
  const ages = (): Promise<OldestAges> | undefined => {
    if (options.cloudWatch !== true && options.cloudWatchClient === undefined) return undefined;
    return (asking ??= import("./oldest-age.ts").then(({ oldestAges }) =>
      oldestAges(options, () => opened.region(), runtime, report),
    ));
  };

  return {
    sender: async (to, signal) => {
      const queue = await openQueue(to, options, clients, signal);
      const { hops } = settingsOf(to);
      if (hops === undefined) return createSender(queue, clients.call, runtime, { dead: to.dead === true });
      const [{ openDelayQueue }, { createHopsSender }] = await Promise.all([
        import("./hops/delay-queue.ts"),
        import("./hops/sender.ts"),
      ]);
      const waiting = await openDelayQueue(to, hops, options, clients, signal);
      return createHopsSender(queue, waiting, hops, clients.call, runtime);
    },
    receiver: async (from, { holdMs }, signal) => {
      if (!(holdMs > 0 && holdMs <= MAX_HOLD_MS)) {
        throw new MessagingError("bad-hold", `a hold of ${holdMs} ms; SQS holds a message from 1 second to 12 hours`, {
          kind: "config",
        });
      }
      const queue = await openQueue(from, options, clients, signal);
      const receiver = createReceiver(queue, clients, holdMs, runtime);
      const { hops } = settingsOf(from);
      if (hops === undefined) return receiver;
      const [{ openDelayQueue }, { withHops }] = await Promise.all([
        import("./hops/delay-queue.ts"),
        import("./hops/receiver.ts"),
      ]);
      const waiting = await openDelayQueue(from, hops, options, clients, signal);
      return withHops(receiver, { from: waiting, to: queue, hops, clients, runtime, report });
    },
    depth: async (of, signal) => {
      const [own, waiting] = await Promise.all(
        (await queuesOf(of)).map(async (one) => {
          const queue = await describeQueue(await queueUrl(one, options, clients, signal), clients, signal);
          return { name: queue.name, counts: COUNTS.map((name) => Number(queue.attributes[name] ?? 0)) };
        }),
      );
      const [ready, delayed, held] = own!.counts as [number, number, number];
      // Where nothing waits, there is no oldest message.
      const oldest = ready + delayed + held > 0 ? await (await ages())?.of(own!.name, signal) : undefined;
      // Whatever state a message of the delay queue is in: to the group it is delayed.
      return [
        { ready, delayed: (waiting?.counts ?? []).reduce((sum, count) => sum + count, delayed), held, ...oldest },
      ];
    },
    place: async (of, signal) => {
      const { arn } = await describeQueue(await queueUrl(of, options, clients, signal), clients, signal);
      return placeOfArn(arn, parseAddress(of.address ?? "")?.account ?? options.accountId);
    },
    purge: async (of, signal) => {
      for (const one of await queuesOf(of))
        await clients.call("PurgeQueue", { QueueUrl: await queueUrl(one, options, clients, signal) }, signal);
    },
    moves: movesOf(options, clients),
    server: serverOf(() => clients.client),
    classify,
    close: async () => {
      clients.close();
      (await asking)?.close();
    },
  };
}

const COUNTS = [
  "ApproximateNumberOfMessages",
  "ApproximateNumberOfMessagesDelayed",
  "ApproximateNumberOfMessagesNotVisible",
] as const;

/** The queues that hold a group's messages: its own, and its delay queue if it has one. */
async function queuesOf(of: Destination): Promise<readonly Destination[]> {
  if (settingsOf(of).hops === undefined) return [of];
  const { delayQueueOf } = await import("./hops/delay-queue.ts");
  return [of, delayQueueOf(of)];
}

/** The name of the queue a call is about. */
function queueOf(input: unknown): string | undefined {
  const url = (input as { QueueUrl?: string }).QueueUrl;
  return url?.slice(url.lastIndexOf("/") + 1);
}
