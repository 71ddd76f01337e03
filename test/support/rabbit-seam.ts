/** RabbitMQ's driver by itself, on the broker of the run. */
import { adapter } from "@switchyard/amqp";
import { systemRuntime } from "@switchyard/core";
import type {
  Connection,
  Delivery,
  Destination,
  DriverEvent,
  Lease,
  Position,
  Topology,
} from "@switchyard/core/driver";
import { connect as amqplib } from "amqplib";
import { sharedRabbit } from "./rabbit-host.ts";

export const never = new AbortController().signal;

export interface Seam {
  readonly url: string;
  readonly connection: Connection;
  readonly topology: Topology;
  readonly raw: Awaited<ReturnType<typeof amqplib>>;
  readonly events: readonly DriverEvent[];
  /** A name of its own each time. */
  queue(over?: Partial<Destination>): Destination;
  provide(...all: readonly Destination[]): Promise<void>;
  send(to: Destination, ...bodies: readonly string[]): Promise<void>;
  lease(of: Destination, start?: Position): Promise<Lease>;
  /** Before the connection. */
  closeLater(one: { close(): Promise<void> }): void;
  close(): Promise<void>;
}

export async function openSeam(name: string, given: Record<string, unknown> = {}): Promise<Seam> {
  const { url } = await sharedRabbit();
  const result: any = await adapter.options["~standard"].validate({ url, delays: name, ...given });
  if (result.issues !== undefined) throw new Error(JSON.stringify(result.issues));
  const events: DriverEvent[] = [];
  const connection = await adapter.open(result.value, systemRuntime, (event) => events.push(event));
  const topology = await adapter.topology!(result.value, systemRuntime);
  const raw = await amqplib(url, { noDelay: true });
  const opened: { close(): Promise<void> }[] = [];
  let serial = 0;
  return {
    url,
    connection,
    topology,
    raw,
    events,
    queue: (over = {}) => {
      const base = `${name}_c${++serial}x${process.pid}`;
      const own = { channel: "c", base, name: `${base}_main`, model: "queue", ordered: false, group: "main" } as const;
      return { ...own, native: {}, ...over };
    },
    provide: async (...all) => topology.apply(await topology.plan(all, never), never),
    send: async (to, ...bodies) => {
      const sender = await connection.sender(to, never);
      const sent = await sender.send(
        bodies.map((body) => ({ body, headers: {} })),
        never,
      );
      await sender.close();
      const failed = sent.find(({ cause }) => cause !== undefined);
      if (failed !== undefined) throw failed.cause;
    },
    lease: async (of, start = "earliest") => {
      const receiver = await connection.receiver(of, { holdMs: 60_000, prefetch: 20, start }, never);
      opened.push(receiver);
      for await (const lease of receiver.leases(never)) return lease;
      throw new Error("no lease");
    },
    closeLater: (one) => void opened.push(one),
    close: async () => {
      for (const one of opened.reverse()) await one.close();
      await connection.close();
      await topology.close();
      await raw.close();
    },
  };
}

export async function receive(lease: Lease, count: number): Promise<Delivery[]> {
  const got: Delivery[] = [];
  while (got.length < count) got.push(...(await lease.receive(count - got.length, 5_000, never))!);
  return got;
}
