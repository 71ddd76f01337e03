/** Finds and checks a destination's queues and exchanges on the broker, and reads their settings as far as AMQP allows. */
import type { Destination, Existing } from "@switchyard/core/driver";
import { formatDuration, MessagingError } from "@switchyard/core/driver-kit";
import type { Channel } from "./client/channel.ts";
import type { Link } from "./client/link.ts";
import { isMissing } from "./errors.ts";
import { addressOf, isOrdered, partitionName, partitionQueues } from "./names.ts";
import { type BrokerRetry, brokerRetryOf, delaysRetries, markOf } from "./retry/broker-retry.ts";
import type { Probe } from "./topology/context.ts";
import { queueDifferences } from "./topology/differences.ts";

/** The queue, or the exchange, that must be there. */
export interface Checks {
  readonly queue?: string;
  readonly exchange?: string;
}

/** Throws the broker's refusal if one is missing. The broker has closed the channel then. */
export async function verify(channel: Channel, { queue, exchange }: Checks, signal: AbortSignal): Promise<void> {
  if (queue !== undefined) await channel.rpc((raw) => raw.checkQueue(queue), signal);
  if (exchange !== undefined) await channel.rpc((raw) => raw.checkExchange(exchange), signal);
}

export async function checkThere(link: Link, checks: Checks, signal: AbortSignal): Promise<void> {
  await link.withChannel(signal, (channel) => verify(channel, checks, signal));
}

/** The error to report. If an ordered channel finds a plain queue under its name, it says so. */
export async function explained(error: unknown, of: Destination, link: Link, signal: AbortSignal): Promise<unknown> {
  if (!isOrdered(of) || !isMissing(error)) return error;
  try {
    await checkThere(link, { queue: addressOf(of) }, signal);
  } catch {
    return error;
  }
  const text = `"${addressOf(of)}" is a plain queue and keeps no order; the channel's orderingKey needs partitions behind an exchange: plan and apply make them`;
  return new MessagingError("wrong-queue-kind", text, { kind: "config", cause: error });
}

/**
 * Throws if the configuration has fewer partitions than the broker. Keys would go to other queues than before, and the last partitions
 * would not be read.
 */
export async function refuseSurplus(of: Destination, link: Link, signal: AbortSignal): Promise<void> {
  const count = partitionQueues(of).length;
  const next = partitionName(of, count);
  try {
    await checkThere(link, { queue: next }, signal);
  } catch (error) {
    if (isMissing(error)) return;
    throw error;
  }
  const text = `partitions is ${count}, but "${next}" exists as well; the number is fixed once the channel is in use: set partitions to the number that exists`;
  throw new MessagingError("partitions-differ", text, { kind: "config" });
}

/** Undefined unless the configuration asks for it, the broker is able to, and `apply` has marked the queue as made for it. */
export async function brokerRetryFor(
  from: Destination,
  link: Link,
  signal: AbortSignal,
): Promise<BrokerRetry | undefined> {
  const wanted = brokerRetryOf(from);
  if (wanted === undefined || !delaysRetries(await link.product(signal))) return undefined;
  try {
    await checkThere(link, { exchange: markOf(from, wanted) }, signal);
    return wanted;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/**
 * What an existing queue does to messages by itself. AMQP cannot list a queue's arguments. But it refuses a declaration that differs, and
 * names the queue's own value. This needs the right to configure. Without it nothing is known, and the result is empty.
 *
 * Settings of a broker's policy cannot be seen here.
 */
export async function existingQueue(name: string, probe: Probe): Promise<Existing> {
  try {
    return existingOf(await argumentsOf(name, probe));
  } catch {
    return {};
  }
}

async function argumentsOf(name: string, probe: Probe): Promise<ReadonlyMap<string, string>> {
  const declared = async (given: Readonly<Record<string, string>>) => {
    const found = await queueDifferences({ kind: "queue", name, arguments: given, external: true }, probe);
    return new Map(found.map(({ attribute, is }) => [attribute, is]));
  };
  const found = await declared({ "x-queue-type": "quorum" });
  const type = found.get("x-queue-type");
  if (type === undefined) return found;
  return declared(type === "none" ? {} : { "x-queue-type": type });
}

function existingOf(its: ReadonlyMap<string, string>): Existing {
  const number = (name: string): number | undefined => {
    const value = Number(its.get(name));
    return Number.isFinite(value) && value >= 0 ? value : undefined;
  };
  const limit = number("x-delivery-limit");
  const retentionMs = number("x-message-ttl");
  const expiresMs = number("x-expires");
  const discards: string[] = [];
  const overflow = its.get("x-overflow") ?? "drop-head";
  for (const name of ["x-max-length", "x-max-length-bytes"]) {
    const most = number(name);
    if (most !== undefined && overflow === "drop-head")
      discards.push(
        `${name} is ${most} and x-overflow is drop-head, so that the broker drops the oldest messages when the queue is full; set x-overflow: reject-publish`,
      );
  }
  if (expiresMs !== undefined)
    discards.push(
      `x-expires is ${expiresMs}, so that the broker deletes the queue and its messages when no consumer reads it for ${formatDuration(expiresMs)}; remove it`,
    );
  return {
    // The limit counts returns, which are one fewer than deliveries.
    ...(limit === undefined ? {} : { deliveries: { count: limit + 1, setting: `x-delivery-limit ${limit}` } }),
    ...(retentionMs === undefined ? {} : { retentionMs }),
    ...(discards.length === 0 ? {} : { discards }),
  };
}
