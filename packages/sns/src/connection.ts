import { placeOfArn, renewed, serverOf } from "@switchyard/aws-kit";
import type { Connection, Destination, DriverEvent, Runtime, Tails } from "@switchyard/core/driver";
import { type Clients, connect as connectSqs, loadSdk, openClients } from "@switchyard/sqs/kit";
import { parseTopic, queueOf, topicAddress } from "./names.ts";
import { type Call, loadSnsSdk } from "./sdk.ts";
import { lazyClient, openClient, type SnsClient } from "./client.ts";
import { classify } from "./errors.ts";
import { queueOptions, type SnsOptions } from "./options.ts";
import { subscriber } from "./receiver.ts";
import { createSender } from "./sender.ts";
import { openTopic } from "./resource.ts";

/** Topics are for publishing. Everything else of pub/sub is a queue, and is left to the connection of SQS. */
export async function connect(
  options: SnsOptions,
  runtime: Runtime,
  report: (event: DriverEvent) => void,
): Promise<Connection> {
  const queues = await connectSqs(queueOptions(options), await loadSdk(), runtime, report);
  const client = lazyClient(async () => openClient(options, await loadSnsSdk()));

  const topics = serverOf(async () => (await client.get()).client);

  let topologyClients: Promise<Clients> | undefined;
  return {
    sender: async (to, signal) => {
      if (!isTopic(to)) return queues.sender(queueOf(to), signal);
      const sns = await client.get();
      const call = watched(sns, report);
      return createSender(await openTopic(to, { ...sns, call }, signal), call, runtime);
    },
    receiver: async (from, how, signal) => {
      const driver = await queues.receiver(queueOf(from), how, signal);
      return from.model === "pubsub" ? subscriber(driver, from) : driver;
    },
    depth: (of, signal) => queues.depth!(queueOf(of), signal),
    place: async (of, signal) => {
      if (!isTopic(of)) return queues.place!(queueOf(of), signal);
      const sns = await client.get();
      const { attributes } = await openTopic(of, { ...sns, call: watched(sns, report) }, signal);
      const named = parseTopic(topicAddress(of))?.account ?? options.accountId;
      return placeOfArn(attributes["TopicArn"] ?? "", named);
    },
    purge: (of, signal) => queues.purge!(queueOf(of), signal),
    moves: {
      start: (from, to, perSecond, signal) => queues.moves!.start(queueOf(from), queueOf(to), perSecond, signal),
      list: (from, to, signal) => queues.moves!.list(queueOf(from), queueOf(to), signal),
      cancel: (handle, signal) => queues.moves!.cancel(handle, signal),
    },
    tails: lazyTails(async () => {
      const { tailsOf } = await import("./tail.ts");
      // The queues of tails are made and deleted, which no connection does.
      const clients = await (topologyClients ??= openClients(queueOptions(options), await loadSdk()));
      return tailsOf({ queues, clients, sns: await client.get(), runtime });
    }),
    server: (of) => (isTopic(of) ? topics() : queues.server!(of)),
    classify,
    close: async () => {
      (await topologyClients)?.close();
      await Promise.all([queues.close(), client.close()]);
    },
  };
}

/** The groups of a topic have queues, and so have its dead letters. */
const isTopic = ({ model, group }: Destination): boolean => model === "pubsub" && group === undefined;

/**
 * Reports throttling and its end. Other outages of SNS show in the failed calls. A call whose credentials are refused is made once more if
 * the client finds others.
 */
function watched({ call, client }: SnsClient, report: (event: DriverEvent) => void): Call {
  let throttled = false;
  return async (action, input, signal) => {
    const { generation } = client;
    try {
      let answer: Awaited<ReturnType<typeof call>>;
      try {
        answer = await call(action, input, signal);
      } catch (cause) {
        if (!(await renewed(cause, classify, client, generation))) throw cause;
        answer = await call(action, input, signal);
      }
      if (throttled) {
        throttled = false;
        report({ type: "up", id: "sns" });
      }
      return answer;
    } catch (cause) {
      if (classify(cause, "send").kind === "throttled") {
        throttled = true;
        report({ type: "throttled", id: "sns", cause });
      }
      throw cause;
    }
  };
}

const lazyTails = (open: () => Promise<Required<Tails>>): Tails => ({
  open: async (...given) => (await open()).open(...given),
  left: async (...given) => (await open()).left(...given),
  remove: async (...given) => (await open()).remove(...given),
});
