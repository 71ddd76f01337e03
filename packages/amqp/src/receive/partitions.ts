import type { Destination } from "@switchyard/core/driver";
import { MessagingError } from "@switchyard/core/driver-kit";
import { isMissing } from "../errors.ts";
import type { Link } from "../client/link.ts";
import { partitionName, partitionQueues } from "../names.ts";

/**
 * Fewer partitions in the configuration than on the broker: keys would go to other queues than before, and nobody would read
 * the last ones.
 */
export async function refuseSurplus(of: Destination, link: Link, signal: AbortSignal): Promise<void> {
  const count = partitionQueues(of).length;
  const next = partitionName(of, count);
  const channel = await link.channel(false, signal);
  try {
    await channel.rpc((raw) => raw.checkQueue(next), signal);
  } catch (error) {
    if (isMissing(error)) return;
    throw error;
  } finally {
    await channel.close();
  }
  const text = `partitions is ${count}, but "${next}" is there as well; the number is fixed once used: set partitions to what there are`;
  throw new MessagingError("partitions-differ", text, { kind: "config" });
}
