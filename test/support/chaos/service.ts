/** The service under chaos: two queues, one of them ordered, and what its processes are told. */
import { intercept } from "@switchyard/contract";
import { channel, connect, type Messaging, type Observe } from "@switchyard/core";
import type { Adapter } from "@switchyard/core/driver";
import { adapter } from "@switchyard/amqp";
import { z } from "zod";
import { readdirSync } from "node:fs";
import type { Ledger, Resources } from "./ledger.ts";

const item = z.object({
  seq: z.int(),
  key: z.string(),
  /** How many attempts fail first. */
  failures: z.int(),
  /** Never handled before it was redriven from the dead letters. */
  poison: z.boolean(),
  /** How long handling takes. */
  ms: z.int(),
});
export type Item = z.output<typeof item>;
export const jobs = channel("jobs", { messages: { item } });
export const orders = channel("orders", { messages: { item }, orderingKey: "key" });
export const channels = [jobs, orders] as const;
export const GROUP = "main";

/** Broken on purpose, so that a run that finds nothing is known to be able to. */
export const mutants = ["ack-before-handling", "drops-retries"] as const;
export type Mutant = (typeof mutants)[number];

/** What a process is told, as JSON in `CHAOS`. */
export interface Part {
  readonly url: string;
  readonly prefix: string;
  /** Where the ledgers are. */
  readonly folder: string;
  /** The name of this process; no two of a run have the same. */
  readonly name: string;
  readonly seed: number;
  /** For a publisher: messages each second. */
  readonly perSecond: number;
  readonly mutant?: Mutant;
}

export const partOf = (env: NodeJS.ProcessEnv): Part => JSON.parse(env["CHAOS"] as string) as Part;

function mutated(mutant: Mutant | undefined): Adapter {
  if (mutant === undefined) return adapter;
  if (mutant === "drops-retries")
    return intercept(adapter, {
      settle: (batch, call) =>
        call(batch.map((one) => (one.action === "retry" ? { receipt: one.receipt, action: "ack" } : one))),
    });
  return intercept(adapter, {
    receive: async (max, call, _from, signal, lease) => {
      const got = await call(max);
      if (got !== null && got.length > 0)
        await lease.settle(
          got.map(({ receipt }) => ({ receipt, action: "ack" })),
          signal,
        );
      return got;
    },
    settle: async (batch) => batch.map(() => undefined),
  });
}

type Service = Messaging<(typeof channels)[number]>;

/** A publish is given up after 4 s, and a silent connection is dead after two heartbeats of 2 s: faults last longer than either. */
export async function open(
  part: Pick<Part, "url" | "prefix" | "mutant">,
  observe: Observe,
  provision = false,
): Promise<Service> {
  const groups = { [GROUP]: { concurrency: 10, maxInFlight: 20 } };
  const each = { model: "queue", on: "broker", publish: { timeout: "4s", maxPending: 1_000 }, groups } as const;
  return connect({
    channels,
    service: "chaos",
    observe,
    config: {
      prefix: part.prefix,
      drain: "5s",
      connections: {
        broker: {
          use: mutated(part.mutant),
          url: part.url,
          heartbeat: "2s",
          connectTimeout: "3s",
          provision: provision ? "auto" : "off",
        },
      },
      channels: { jobs: each, orders: each },
      policies: {
        default: { retry: { attempts: 50, backoff: "constant", first: "250ms" }, deadLetter: true },
      },
    },
  });
}

/** The events that the audit wants, written down. */
export const observer =
  (ledger: Ledger): Observe =>
  (event) => {
    if (event.type === "lost") ledger.write({ is: "lost", id: event.id ?? "", during: event.during });
    else if (event.type === "dead-letter") ledger.write({ is: "dead", id: event.id ?? "", code: event.code });
    else if (event.type === "resend" || event.type === "receive-failed") ledger.write({ is: event.type });
    else if (event.type === "connection" && (event.state === "down" || event.state === "up"))
      ledger.write({ is: event.state });
  };

export function resources(): Resources {
  const active: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) active[kind] = (active[kind] ?? 0) + 1;
  globalThis.gc?.();
  const { heapUsed } = process.memoryUsage();
  return { descriptors: readdirSync("/dev/fd").length, active, heapBytes: heapUsed };
}

/** The exit code of a process that could not start, as when the broker is down: its supervisor tries again. */
export const NOT_STARTED = 75;

/** Resolves when the process is told to stop. */
export const told = (): Promise<void> => new Promise((resolve) => process.once("SIGTERM", () => resolve()));
