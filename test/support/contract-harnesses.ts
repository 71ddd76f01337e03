/** The transports the contract suite runs on, as `npm run contract` and the tests see them. */
import { setTimeout } from "node:timers/promises";
import type { Harness } from "@switchyard/contract";
import { systemRuntime } from "@switchyard/core";
import type { Model } from "@switchyard/core/driver";
import { virtualRuntime } from "@switchyard/core/testing";
import { adapter as memory } from "@switchyard/memory";

void setTimeout;
void systemRuntime;

interface MemoryVariety {
  readonly name: string;
  readonly model: Model;
  readonly ordered: boolean;
  readonly options?: Record<string, unknown>;
  readonly adapter?: Harness["adapter"];
}

export function memoryHarness({ name, model, ordered, options = {}, adapter = memory }: MemoryVariety): Harness {
  return {
    name,
    adapter,
    model,
    ordered,
    connection: (broker) => ({ broker, ...options }),
    runtime: () => virtualRuntime({ patienceMs: 10_000 }),
  };
}

export const memoryVarieties: readonly MemoryVariety[] = [
  { name: "memory queue", model: "queue", ordered: false },
  { name: "memory queue, ordered", model: "queue", ordered: true },
  { name: "memory pub/sub", model: "pubsub", ordered: false },
  { name: "memory pub/sub, ordered", model: "pubsub", ordered: true },
  { name: "memory stream", model: "stream", ordered: true },
  { name: "memory as SQS", model: "queue", ordered: false, options: { profile: "sqs" } },
  { name: "memory as SQS FIFO", model: "queue", ordered: true, options: { profile: "sqs-fifo" } },
];
