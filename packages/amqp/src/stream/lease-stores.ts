/** Where the leases and checkpoints of streams are kept: RabbitMQ keeps none over AMQP 0-9-1. */
import { type LeaseStore, memoryLeases } from "@switchyard/leases";
import { MessagingError } from "@switchyard/core/driver-kit";
import type { Destination } from "@switchyard/core/driver";
import { shown } from "../endpoint.ts";
import { topicOf } from "../names.ts";
import { type ResolvedOptions, urlsOf } from "../options.ts";

/** One group's view of one stream. */
export interface StreamGroup {
  readonly stream: string;
  /** `prefix_channel_group`: of this stream and no other, so that one table may hold the groups of many. */
  readonly group: string;
}

/** Makes the store of one group; it is closed when its receiver is. */
export type LeaseStores = (of: StreamGroup) => LeaseStore;

export const namesOf = (of: Destination): StreamGroup => ({ stream: topicOf(of), group: of.name });

export function storeOf(of: Destination, options: ResolvedOptions): LeaseStore {
  const { leases } = options;
  const names = namesOf(of);
  if (leases === undefined)
    throw new MessagingError("leases-missing", "a stream's groups need leases on the connection", { kind: "config" });
  if (leases === "memory") return memoryLeases(`${shown(urlsOf(options)[0]!)} ${names.stream} ${names.group}`);
  return leases(names);
}
