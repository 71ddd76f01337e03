/** The service under chaos: its channels, its configuration on each transport, and what its processes are told. */
import { intercept } from "@switchyard/contract";
import { channel, connect, isMessagingError, type Messaging, type Observe } from "@switchyard/core";
import type { Adapter } from "@switchyard/core/driver";
import { adapter as amqp } from "@switchyard/amqp";
import { adapter as aws } from "@switchyard/aws";
import { adapter as sns } from "@switchyard/sns";
import { adapter as sqs } from "@switchyard/sqs";
import { z } from "zod";
import { readdirSync } from "node:fs";
import type { Pool } from "pg";
import type { Ledger, Resources } from "./ledger.ts";
import type { Transport } from "./transports.ts";

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
export const GROUP = "main";

export const channelsOf = (transport: Transport): readonly (typeof jobs | typeof orders)[] =>
  transport === "sqs" ? [jobs] : transport === "sqs-fifo" ? [orders] : [jobs, orders];

/** Broken on purpose, so that a run that finds nothing is known to be able to. */
export const mutants = [
  /** Acknowledges what it receives before a handler has seen it. */
  "ack-before-handling",
  /** Acknowledges a failed message in place of trying it again. */
  "drops-retries",
  /** Acknowledges a message before its dead letter is stored. */
  "ack-before-copy",
  /** Stores a stream's position past records that have failed or still run: past all that it has read. */
  "checkpoint-past-a-failure",
  /** Commits the inbox's mark before the transaction of the effect. */
  "mark-before-commit",
  /** Deletes a row of the outbox before the broker has accepted the message. */
  "delete-before-accept",
] as const;
export type Mutant = (typeof mutants)[number];

/** What a process is told, as JSON in `CHAOS`. */
export interface Part {
  readonly transport: Transport;
  /** The broker. For Kinesis: SQS, which has the dead letters of streams. */
  readonly url: string;
  /** Kinesis. Default: `url`. */
  readonly kinesisUrl?: string;
  readonly database: string;
  /** The first part of the names of its tables. */
  readonly tables: string;
  readonly prefix: string;
  /** Where the journals are. */
  readonly folder: string;
  /** The name of this process; no two of a run have the same. */
  readonly name: string;
  readonly seed: number;
  /** For a publisher: messages each second. */
  readonly perSecond: number;
  /** For a publisher: of a hundred unordered messages so many become dead letters. */
  readonly poison: number;
  readonly mutant?: Mutant;
}

export const partOf = (env: NodeJS.ProcessEnv): Part => JSON.parse(env["CHAOS"] as string) as Part;

function mutated(adapter: Adapter, mutant: Mutant | undefined): Adapter {
  switch (mutant) {
    case "drops-retries":
      return intercept(adapter, {
        settle: (batch, call) =>
          call(batch.map((one) => (one.action === "retry" ? { receipt: one.receipt, action: "ack" } : one))),
      });
    case "ack-before-handling":
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
    case "ack-before-copy":
      return intercept(adapter, {
        send: async (batch, call, to) => {
          if (to.dead !== true) return call(batch);
          call(batch).catch(() => {});
          return batch.map((_, at) => ({ id: String(at) }));
        },
      });
    case "checkpoint-past-a-failure":
      return intercept(adapter, {
        receive: async (max, call, _from, signal, lease) => {
          const got = await call(max);
          const last = got?.at(-1);
          if (last !== undefined) await lease.settle([{ receipt: last.receipt, action: "ack" }], signal);
          return got;
        },
      });
    default:
      return adapter;
  }
}

type Service = Messaging<typeof jobs | typeof orders>;

const REGION = "us-east-1";
/** A worker's holds outlive it by so much, and every pause is longer. */
const HOLD = "6s" as const;

/** The adapter and the connection's options. Silent connections, holds and leases end within seconds: the faults last longer. */
function connectionOf(part: Where, pool: Pool): { readonly use: Adapter; readonly [option: string]: unknown } {
  const { transport, url, kinesisUrl = url } = part;
  switch (transport) {
    case "rabbit":
      return { use: amqp, url, heartbeat: "2s", connectTimeout: "3s" };
    case "sqs":
    case "sqs-fifo":
      return { use: sqs, region: REGION, endpoint: url };
    case "sns":
      return { use: sns, region: REGION, endpoint: url };
    case "kinesis":
      return {
        use: aws,
        region: REGION,
        endpoint: url,
        kinesis: {
          endpoint: kinesisUrl,
          // The emulator takes few requests a second on a busy machine.
          poll: { every: "500ms", idle: "1s" },
          leases: { store: "postgres", pool, duration: "4s", handover: "3s", discover: "10s" },
        },
      };
  }
}

const MODELS = { rabbit: "queue", sqs: "queue", "sqs-fifo": "queue", sns: "pubsub", kinesis: "stream" } as const;

const partitionsOf = (transport: Transport, channel: string): { readonly partitions?: number } =>
  transport === "kinesis" ? { partitions: channel === orders.name ? 2 : 1 } : {};

type Where = Pick<Part, "transport" | "url" | "kinesisUrl" | "prefix" | "mutant">;

/** A publish is given up after 10 s: a stall lasts longer. `pool` has the leases of streams. */
export async function open(part: Where, pool: Pool, observe: Observe, provision = false): Promise<Service> {
  const { transport, prefix, mutant } = part;
  const { use, ...options } = connectionOf(part, pool);
  const channels = channelsOf(transport);
  const each = {
    model: MODELS[transport],
    on: "broker",
    publish: { timeout: "10s", maxPending: 1_000 },
    groups: { [GROUP]: { concurrency: 10, maxInFlight: 20, ...(transport === "rabbit" ? {} : { hold: HOLD }) } },
  } as const;

  return connect({
    channels,
    service: "chaos",
    observe,
    config: {
      prefix,
      drain: "5s",
      connections: { broker: { ...options, use: mutated(use, mutant), provision: provision ? "auto" : "off" } },
      channels: Object.fromEntries(channels.map(({ name }) => [name, { ...each, ...partitionsOf(transport, name) }])),
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
    else if (event.type === "resend" || event.type === "receive-failed") {
      const { kind, code } = isMessagingError(event.error) ? event.error : { kind: "none", code: "none" };
      ledger.write({ is: event.type, kind, code });
    } else if (event.type === "connection" && (event.state === "down" || event.state === "up"))
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
