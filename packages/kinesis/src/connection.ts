import { placeOfArn, type Sdk, serverOf, watcher } from "@switchyard/aws-kit";
import type { Connection, Depth, Destination, DriverEvent, Runtime } from "@switchyard/core/driver";
import { MessagingError } from "@switchyard/core/driver-kit";
import type { LeaseStore } from "@switchyard/leases";
import { consumerName, streamRef } from "./names.ts";

import { openClients } from "./client.ts";
import { groupDepth } from "./depth.ts";
import { classify, isNamed } from "./errors.ts";
import { announcedMd5 } from "./md5.ts";
import { fansOut } from "./native.ts";
import type { KinesisOptions } from "./options.ts";
import { createReceiver, type Receiver } from "./receiver.ts";
import { seekGroup } from "./seek.ts";
import { createSender } from "./sender.ts";
import { Shards } from "./shards.ts";
import { leaseStore } from "./lease-store.ts";
import { describeStream, openStream, type Stream, streamWords } from "./resource.ts";

export async function connect(
  options: KinesisOptions,
  sdk: Sdk,
  runtime: Runtime,
  report: (event: DriverEvent) => void,
): Promise<Connection> {
  const opened = await openClients(options, sdk);
  const watch = watcher(report, classify);
  const clients = {
    ...opened,
    call: watch(opened.call, { client: opened.client, resourceOf: streamWords }),
    subscribe: watch(opened.subscribe, { client: opened.subscribeClient, resourceOf: streamWords }),
  };
  const own = runtime.uuid();
  const md5 = announcedMd5(() =>
    report({
      type: "warning",
      cause: new MessagingError(
        "md5-missing",
        "this machine has no MD5 (FIPS mode): a throttled shard cannot be told apart from the others, and the checksums of records aggregated by the Kinesis Producer Library are not verified; publishing and reading continue",
        { kind: "config" },
      ),
    }),
  );
  const receivers = new Map<string, Set<Receiver>>();

  async function consumerArn(from: Destination, stream: Stream, signal: AbortSignal): Promise<string | undefined> {
    if (!fansOut(from, options.fanOut)) return undefined;
    const name = consumerName(from);
    const missing = (cause?: unknown): MessagingError =>
      new MessagingError(
        "consumer-not-found",
        `the stream "${stream.name}" has no active consumer "${name}" for enhanced fan-out; register it with plan and apply, or read by polling (fanOut: false)`,
        { kind: "config", cause },
      );
    const found = await clients
      .call("DescribeStreamConsumer", { StreamARN: stream.arn, ConsumerName: name }, signal)
      .catch((cause: unknown) => {
        throw isNamed(cause, "ResourceNotFoundException") ? missing(cause) : cause;
      });
    const { ConsumerARN, ConsumerStatus } = found.ConsumerDescription ?? {};
    if (ConsumerARN === undefined || ConsumerStatus !== "ACTIVE") throw missing();
    return ConsumerARN;
  }

  /** Opens and checks the group's lease store, runs `work` with it, and closes it. */
  async function withStore<T>(
    of: Destination,
    signal: AbortSignal,
    work: (store: LeaseStore) => Promise<T>,
  ): Promise<T> {
    const store = await leaseStore(of, options, own);
    try {
      await store.open(signal, runtime);
      return await work(store);
    } finally {
      await store.close();
    }
  }

  return {
    sender: (to, signal) => createSender(to, clients.call, runtime, signal, md5),
    receiver: async (from, { start, announce }, signal) => {
      const stream = await openStream(from, clients.call, signal);
      const its = receivers.get(from.name) ?? new Set();
      receivers.set(from.name, its);
      const receiver = await createReceiver(
        {
          from,
          group: groupOf(from),
          stream,
          store: await leaseStore(from, options, own),
          start,
          consumerArn: await consumerArn(from, stream, signal),
          options,
          clients,
          runtime,
          md5,
          report,
          closed: (closed) => its.delete(closed),
        },
        signal,
        announce,
      );
      its.add(receiver);
      return receiver;
    },
    depth: async (of, signal) => {
      const stream = await describeStream(streamRef(of), clients.call, signal);
      const here = new Map<string, Depth>();
      for (const receiver of receivers.get(of.name) ?? [])
        for (const [shard, depth] of receiver.depth()) here.set(shard, depth);
      return withStore(of, signal, (store) => groupDepth(stream, store, here, runtime.now(), clients.call, signal));
    },
    place: async (of, signal) => {
      const ref = streamRef(of);
      const { arn } = await describeStream(ref, clients.call, signal);
      return placeOfArn(arn, "StreamARN" in ref ? ref.StreamARN.split(":")[4] : undefined);
    },
    seek: async (of, to, signal, moved) => {
      const stream = await openStream(of, clients.call, signal);
      const shards = new Shards(stream, clients.call, runtime, async () => {});
      await withStore(of, signal, (store) => seekGroup(stream, groupOf(of), store, shards, to, runtime, signal, moved));
    },
    tails: {
      open: async (of, start, signal) =>
        (await import("./tail.ts")).openTail(
          { of, stream: await openStream(of, clients.call, signal), call: clients.call, runtime, md5 },
          start,
          signal,
        ),
    },
    server: serverOf(() => clients.client),
    classify,
    close: async () => clients.close(),
  };
}

function groupOf(of: Destination): string {
  if (of.group !== undefined) return of.name;
  throw new MessagingError("group-missing", `the stream "${of.base}" is read by a group, but no group was named`, {
    kind: "config",
  });
}
