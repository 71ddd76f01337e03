/** The stores of the leases and checkpoints of streams. Over AMQP 0-9-1 RabbitMQ keeps none. */
import { type LeaseStore, memoryLeases } from "@switchyard/leases";
import { MessagingError } from "@switchyard/core/driver-kit";
import type { Destination } from "@switchyard/core/driver";
import { shown } from "../endpoint.ts";
import { topicOf } from "../names.ts";
import { type ResolvedOptions, type StreamGroup, urlsOf } from "../options.ts";

export const namesOf = (of: Destination): StreamGroup => ({ stream: topicOf(of), group: of.name });

export function storeOf(of: Destination, options: ResolvedOptions): LeaseStore {
  const { leases } = options;
  const names = namesOf(of);
  if (leases === undefined)
    throw new MessagingError("leases-missing", "a stream's groups need leases on the connection", { kind: "config" });
  if (leases === "memory") return memoryLeases(`${shown(urlsOf(options)[0]!)} ${names.stream} ${names.group}`);
  return leases(names);
}
