import type { Adapter, Destination, Located } from "@switchyard/core/driver";
import { MemoryConnection } from "./connection.ts";
import { capabilities, formOf } from "./capabilities.ts";
import { type MemoryOptions, optionsSchema, type ResolvedOptions } from "./options.ts";
import { brokerFor } from "./broker/registry.ts";

/** SQS: "can have up to 80 characters", the suffix included: letters, digits, hyphens and underscores. */
const SQS_NAME = /^[A-Za-z0-9_-]{1,80}$/;

interface Keeps {
  queue: "ordering" | "delay" | "fairness";
  pubsub: "ordering" | "delay" | "fairness";
  stream: "ordering" | "replay";
}

function locate(of: Destination, options: ResolvedOptions): Located {
  const address =
    of.model === "stream" || (of.model === "pubsub" && of.group === undefined)
      ? (of.baseAddress ?? of.base)
      : (of.address ?? of.name);
  const form = formOf(of, options);
  if (form === undefined || form === "memory") return { address };
  const full = form === "sqs-fifo" ? `${address}.fifo` : address;
  if (SQS_NAME.test(address) && full.length <= 80) return { address };
  return { address, problem: `"${full}" is no SQS queue name: at most 80 characters, of letters, digits, - and _` };
}

/** The in-memory broker: all three models, within this process. */
export const adapter: Adapter<ResolvedOptions, Keeps> = {
  name: "memory",
  options: optionsSchema,
  capabilities,
  locate,
  open: async (options, runtime, report) => new MemoryConnection(brokerFor(options, runtime), options, report),
  topology: async (options, runtime) => {
    const { MemoryTopology } = await import("./topology/index.ts");
    return new MemoryTopology(brokerFor(options, runtime), options);
  },
};

/** A connection for `defineConfig` and for bundlers: `connections: { local: memory({ broker: "shared" }) }`. */
export function memory<const O extends MemoryOptions = MemoryOptions>(
  options?: O,
): { readonly use: typeof adapter } & O {
  return { use: adapter, ...options } as { readonly use: typeof adapter } & O;
}
