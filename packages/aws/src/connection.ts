import type { Connection, Destination, DriverEvent, Runtime } from "@switchyard/core/driver";
import { isMessagingError, MessagingError } from "@switchyard/core/driver-kit";
import { isOfKinesis, adapter as kinesis } from "@switchyard/kinesis";
import { adapter as sns } from "@switchyard/sns";
import { refuseOtherAccount } from "@switchyard/sqs/kit";
import { type AwsOptions, queueOptions, streamOptions } from "./options.ts";

/** The connection of SNS carries queues as well, so SQS is opened at once. The SDKs of SNS and Kinesis are loaded when a topic or a stream is first used. */
export async function connect(
  options: AwsOptions,
  runtime: Runtime,
  report: (event: DriverEvent) => void,
): Promise<Connection> {
  const queues = await sns.open(queueOptions(options), runtime, report);
  let streams: Connection | undefined;
  let opening: Promise<Connection> | undefined;
  /** A stream whose server was asked for before there was a client. */
  let sought: Destination | undefined;
  const toStreams = async (): Promise<Connection> => {
    opening ??= kinesis.open(streamOptions(options), runtime, report);
    try {
      streams = await opening;
      // Its client is asked now, so that the first call can say where it goes.
      if (sought !== undefined) streams.server?.(sought);
      return streams;
    } catch (cause) {
      opening = undefined;
      throw cause;
    }
  };
  const serving = async (of: Destination): Promise<Connection> => (of.model === "stream" ? toStreams() : queues);
  const cannot = (of: Destination, what: string): MessagingError =>
    new MessagingError(`${what}-unsupported`, `a ${of.model} on AWS cannot ${what}`, { kind: "config" });

  return {
    sender: async (to, signal) => (await serving(to)).sender(to, signal),
    receiver: async (from, how, signal) => (await serving(from)).receiver(from, how, signal),
    depth: async (of, signal) => {
      const by = await serving(of);
      if (by.depth === undefined) throw cannot(of, "depth");
      return by.depth(of, signal);
    },
    place: async (of, signal) => {
      const place = await (await serving(of)).place!(of, signal);
      // Kinesis has no option for the account. An address names its own.
      if (of.model === "stream" && (of.baseAddress ?? of.address) === undefined)
        refuseOtherAccount(`the stream "${of.base}"`, place.account, options.accountId);
      return place;
    },
    purge: async (of, signal) => {
      const by = await serving(of);
      if (by.purge === undefined) throw cannot(of, "purge");
      return by.purge(of, signal);
    },
    seek: async (of, to, signal, moved) => {
      const by = await serving(of);
      if (by.seek === undefined) throw cannot(of, "seek");
      return by.seek(of, to, signal, moved);
    },
    tails: {
      open: async (of, start, signal) => (await serving(of)).tails!.open(of, start, signal),
      left: async (of, signal) => (await (await serving(of)).tails!.left?.(of, signal)) ?? [],
      remove: async (of, left, signal) => (await serving(of)).tails!.remove?.(of, left, signal),
    },
    // Only queues declare them.
    moves: queues.moves!,
    server: (of) => {
      if (of.model !== "stream") return queues.server?.(of);
      if (streams === undefined) sought = of;
      return streams?.server?.(of);
    },
    classify: (cause, during) => {
      // Kinesis classifies its own errors, and those of the lease engine.
      const by = streams !== undefined && (isOfKinesis(cause) || isMessagingError(cause)) ? streams : queues;
      return by.classify(cause, during);
    },
    close: async () => {
      await queues.close();
      await (await opening?.catch(() => undefined))?.close();
    },
  };
}
