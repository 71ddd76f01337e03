import type {
  Connection,
  Depth,
  Destination,
  DriverEvent,
  Existing,
  ReceiverDriver,
  ReceiverOptions,
  Runtime,
} from "@switchyard/core/driver";
import { MessagingError } from "@switchyard/core/driver-kit";
import { capabilitiesOf } from "./capabilities.ts";
import { Caution } from "./publish/caution.ts";
import { ConfirmChannel } from "./publish/confirm-channel.ts";
import { delayQueues } from "./retry/delay-queues.ts";
import { safeReturns } from "./retry/delivery-limit.ts";
import { dialer } from "./client/dial.ts";
import { classify } from "./errors.ts";
import { brokerRetryFor, checkThere, existingQueue, explained, refuseSurplus, verify } from "./resource.ts";
import { MAX_PREFETCH } from "./limits.ts";
import { Link } from "./client/link.ts";
import { addressOf, delaysOf, isOrdered, membersQueue, partitionQueues } from "./names.ts";
import { Members } from "./receive/members.ts";
import { PartitionCheck } from "./receive/partition-check.ts";
import { settingsOf } from "./native.ts";
import { serverOf } from "./endpoint.ts";
import { type ResolvedOptions, urlsOf } from "./options.ts";
import { ConfirmChannelPool } from "./publish/confirm-channel-pool.ts";
import { DelayedRedelivery } from "./receive/delayed-redelivery.ts";
import { QueueLease } from "./receive/queue-lease.ts";
import { createReceiver } from "./receiver.ts";
import { routeOf } from "./publish/routes.ts";
import { createSender } from "./sender.ts";

/**
 * Opens two TCP connections when they are first needed: an alarm of the broker stops a connection that publishes, but not one that
 * consumes.
 */
export async function connect(
  options: ResolvedOptions,
  runtime: Runtime,
  report: (event: DriverEvent) => void,
  service: string,
): Promise<Connection> {
  const fast = options.fast === false ? undefined : (await import("./fast/index.ts")).fastPaths;
  const dial = await dialer(options, runtime, fast);
  const base = options.name ?? service;
  const link = (role: string) =>
    new Link({
      name: `${base} ${role}`,
      urls: urlsOf(options),
      connectTimeoutMs: options.connectTimeout,
      dial,
      fast,
      runtime,
      report,
    });
  const publishing = link("publish");
  const consuming = link("consume");
  const servers = { publishing: serverOf(publishing), consuming: serverOf(consuming) };
  const held = new Map<string, Set<QueueLease>>();
  const cautions = new Map<string, Caution>();
  const cautionOf = (address: string): Caution => {
    const caution = cautions.get(address) ?? new Caution();
    cautions.set(address, caution);
    return caution;
  };

  // Each connection would warn again of what is known.
  const checks = new Map<string, PartitionCheck>();
  const checkOf = (address: string, partitions: number): PartitionCheck => {
    const check = checks.get(address) ?? new PartitionCheck(address, partitions, report);
    checks.set(address, check);
    return check;
  };

  /** Existing queues by name. A queue's arguments never change, so the broker is asked only once. */
  const found = new Map<string, Existing>();
  const existingOf = async (from: Destination, signal: AbortSignal): Promise<Existing> => {
    // Plan and apply make and compare our own queues.
    if (from.address === undefined) return {};
    const [queue = addressOf(from)] = isOrdered(from) ? partitionQueues(from) : [];
    const known = found.get(queue);
    if (known !== undefined) return known;
    const existing = await existingQueue(queue, (work) =>
      consuming.withChannel(signal, (channel) => channel.rpc(work, signal)),
    );
    signal.throwIfAborted();
    found.set(queue, existing);
    return existing;
  };

  const receiverOf = async (
    from: Destination,
    { prefetch, window = prefetch }: Pick<ReceiverOptions, "prefetch" | "window">,
    signal: AbortSignal,
  ): Promise<ReceiverDriver> => {
    const ordered = isOrdered(from);
    const queues = ordered ? partitionQueues(from) : [addressOf(from)];
    const redelivery = ordered ? undefined : new DelayedRedelivery(publishing, runtime, delaysOf(from, options), fast);
    const each = Math.max(1, Math.min(MAX_PREFETCH, Math.floor(Math.min(prefetch, window) / queues.length)));
    const brokerRetry = await brokerRetryFor(from, consuming, signal);
    let existing: Existing = {};
    const check = ordered ? checkOf(addressOf(from), queues.length) : undefined;
    const leases = queues.map(
      (queue, partition) =>
        new QueueLease({
          queue,
          link: consuming,
          prefetch: each,
          runtime,
          fast,
          consumerTimeoutMs: options.consumerTimeout,
          redelivery,
          brokerRetry,
          safeReturns: () => safeReturns(from, existing),
          report,
          consumerArguments: {},
          checkKey: check === undefined ? undefined : (key) => check.look(key, partition),
        }),
    );
    const close = async () => void (await Promise.all(leases.map((lease) => lease.release())));
    let members: Members | undefined;
    try {
      if (ordered) await refuseSurplus(from, consuming, signal);
      if (ordered) members = await Members.join(membersQueue(from), consuming, signal);
      if (redelivery !== undefined && from.dead !== true)
        await checkThere(consuming, { exchange: delayQueues(delaysOf(from, options)).at(-1)!.name }, signal);
      await Promise.all(leases.map((lease) => lease.open(signal)));
      existing = await existingOf(from, signal);
    } catch (error) {
      await Promise.all([close(), members?.close()]);
      throw await explained(error, from, consuming, signal);
    }
    for (const lease of leases) {
      const same = held.get(lease.id) ?? new Set();
      held.set(lease.id, same.add(lease));
    }
    const onClose = () => {
      for (const lease of leases) held.get(lease.id)?.delete(lease);
    };
    return createReceiver({
      capabilities: capabilitiesOf(from, options),
      existing,
      leases,
      redelivery,
      members,
      runtime,
      onClose,
    });
  };

  const settingFor = (of: Destination) => ({ of, options, link: consuming, runtime, fast });
  const queuesOf = (of: Destination): readonly string[] => (isOrdered(of) ? partitionQueues(of) : [addressOf(of)]);

  return {
    sender: async (to, signal) => {
      const route = routeOf(to, () => runtime.random());
      const channel = await publishing.channel(true, signal);
      try {
        await verify(channel, route.checks, signal);
        if (to.model === "stream") await refuseSurplus(to, publishing, signal);
      } catch (error) {
        await channel.close();
        throw await explained(error, to, publishing, signal);
      }
      const caution = cautionOf(addressOf(to));
      const more = async () => new ConfirmChannel(await publishing.channel(true, channel.over), fast, caution);
      return createSender({
        capabilities: capabilitiesOf(to, options),
        route,
        pool: new ConfirmChannelPool(
          new ConfirmChannel(channel, fast, caution, route.secondKey !== undefined),
          to.ordered || to.model === "stream" ? undefined : more,
        ),
        link: publishing,
        delays: delaysOf(to, options),
        address: addressOf(to),
        priority: settingsOf(to).priority,
        runtime,
        fast,
        caution,
      });
    },
    receiver: async (from, given, signal) => {
      if (from.model !== "stream") return receiverOf(from, given, signal);
      const { prefetch, start, announce } = given;
      const { createStreamReceiver } = await import("./stream/stream-receiver.ts");
      return createStreamReceiver(
        settingFor(from),
        capabilitiesOf(from, options),
        start,
        prefetch,
        report,
        signal,
        announce,
      );
    },
    depth: async (of, signal) => {
      if (of.model === "stream") return (await import("./stream/depth.ts")).streamDepth(settingFor(of), signal);
      return consuming.withChannel(signal, async (channel) => {
        const found: Depth[] = [];
        for (const queue of queuesOf(of)) {
          const { messageCount, consumerCount } = await channel.rpc((raw) => raw.checkQueue(queue), signal);
          const own = [...(held.get(queue) ?? [])];
          // The broker tells what is ready, and not what consumers hold. It is known where no consumer but ours holds any.
          const all = consumerCount <= own.reduce((sum, lease) => sum + lease.consumers, 0);
          found.push({
            ready: messageCount,
            ...(all ? { held: own.reduce((sum, lease) => sum + lease.held, 0) } : {}),
            ...(queuesOf(of).length > 1 ? { lease: queue } : {}),
          });
        }
        return found;
      });
    },
    place: (_of, signal) => consuming.place(signal),
    purge: async (of, signal) => {
      // The broker would close the whole connection.
      if (of.model === "stream") throw unsupported("purge", "a stream is shortened by its retention only");
      return consuming.withChannel(signal, async (channel) => {
        for (const queue of queuesOf(of)) await channel.rpc((raw) => raw.purgeQueue(queue), signal);
      });
    },
    seek: async (of, to, signal, moved) => {
      if (of.model !== "stream") throw unsupported("seek", "a queue has no positions; replay needs a stream");
      return (await import("./stream/stream-receiver.ts")).seekStream(settingFor(of), to, signal, moved);
    },
    tails: {
      open: async (of, start, signal) => (await import("./tail.ts")).openTail(settingFor(of), start, signal),
    },
    // Dead letters of a group are published.
    server: ({ group, dead }) => (group === undefined || dead === true ? servers.publishing() : servers.consuming()),
    classify,
    close: async () => {
      await Promise.all([publishing.close(), consuming.close()]);
    },
  };
}

const unsupported = (what: string, text: string): MessagingError =>
  new MessagingError(`${what}-unsupported`, text, { kind: "config" });
