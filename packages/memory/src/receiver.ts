import type { Capabilities, Destination, DriverEvent, Position, ReceiverDriver } from "@switchyard/core/driver";
import type { Broker, Droppable } from "./broker/broker.ts";
import { LogReceiver } from "./log-receiver.ts";
import { QueueReceiver } from "./queue-receiver.ts";
import { findLog, findQueue, groupOf } from "./resource.ts";

/** Receives from a queue, or works as a member of a stream's group. */
export async function createReceiver(
  broker: Broker,
  from: Destination,
  { holdMs, start }: { readonly holdMs: number; readonly start: Position },
  capabilities: Capabilities,
  report: (event: DriverEvent) => void,
  signal: AbortSignal,
): Promise<ReceiverDriver & Droppable> {
  if (from.model !== "stream") return new QueueReceiver(broker, findQueue(broker, from), holdMs, capabilities);
  const log = findLog(broker, from);
  const receiver = new LogReceiver(broker, log, log.group(groupOf(from), start), capabilities, report);
  await receiver.open(signal);
  return receiver;
}
