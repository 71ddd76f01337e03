import type { Destination, Lease, ReceiverDriver } from "@switchyard/core/driver";
import { parseTopic, topicAddress } from "./names.ts";
import { topicCapabilities } from "./capabilities.ts";
import { type Expected, unwrap } from "./message.ts";

/** A group's queue, read by the receiver of SQS. Notifications of the channel's topic are unwrapped. */
export function subscriber(driver: ReceiverDriver, from: Destination): ReceiverDriver {
  const { maxMessageBytes, retentionMs } = driver.capabilities;
  const capabilities = topicCapabilities(from.ordered, maxMessageBytes, { maxMessageBytes, retentionMs });
  const topic = topicOf(from);
  const wrapped =
    from.native["unwrap"] === false ? (lease: Lease) => lease : (lease: Lease) => unwrapping(lease, topic);
  return {
    capabilities,
    ...(driver.existing === undefined ? {} : { existing: driver.existing }),
    async *leases(signal) {
      for await (const lease of driver.leases(signal)) yield wrapped(lease);
    },
    close: () => driver.close(),
  };
}

/** The topic whose notifications a group unwraps. */
export function topicOf(from: Destination): Expected {
  const { name, arn } = parseTopic(topicAddress(from)) ?? { name: topicAddress(from) };
  return { name, arn };
}

function unwrapping(lease: Lease, topic: Expected): Lease {
  return {
    ...lease,
    receive: async (max, waitMs, signal) => {
      const deliveries = await lease.receive(max, waitMs, signal);
      return deliveries === null ? null : deliveries.map((delivery) => unwrap(delivery, topic));
    },
  };
}
