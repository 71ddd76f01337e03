import type { Destination } from "@switchyard/core/driver";
import { adapter } from "@switchyard/sqs";
import { systemRuntime } from "@switchyard/core";
import { type Aws, startAws } from "./aws-emulator.ts";

export const never: AbortSignal = new AbortController().signal;

let queues = 0;
/** A queue of this test alone, also where the account is shared. */
export function queueOf(more: Partial<Destination> = {}): Destination {
  const base = `swy-${process.pid}-${Date.now().toString(36)}_orders`;
  return {
    channel: "orders",
    base,
    name: `${base}_g${queues++}`,
    model: "queue",
    ordered: false,
    group: "g",
    native: {},
    ...more,
  };
}

export const deadLetterOf = (of: Destination): Destination =>
  queueOf({ name: `${of.name}_dead`, ordered: of.ordered, dead: true });

/** The driver on the emulator, and its topology; what was made through it is deleted at the end. */
export async function startSqs() {
  const aws: Aws = await startAws();
  const connection = await adapter.open(aws.connection, systemRuntime, () => {});
  const topology = await adapter.topology!(aws.connection, systemRuntime);
  const made: Destination[] = [];
  return {
    aws,
    connection,
    topology,
    async provide(of: Destination): Promise<Destination> {
      made.push(of);
      await topology.apply(await topology.plan([of], never), never);
      return of;
    },
    async lease(of: Destination, holdMs = 30_000) {
      const receiver = await connection.receiver(of, { holdMs, prefetch: 20, start: "earliest" }, never);
      const { value } = await receiver.leases(never)[Symbol.asyncIterator]().next();
      return { lease: value!, receiver };
    },
    async close() {
      await topology.destroy!(made, never);
      await topology.close();
      await connection.close();
      await aws.close();
    },
  };
}

export type Sqs = Awaited<ReturnType<typeof startSqs>>;
