import type { Adapter } from "@switchyard/core/driver";
import { capabilities } from "./capabilities.ts";
import { locate } from "./names.ts";
import { type MemoryOptions, optionsSchema, type ResolvedOptions } from "./options.ts";

const connecting = () => Promise.all([import("./broker/registry.ts"), import("./connection.ts")]);
const provisioning = () => Promise.all([import("./broker/registry.ts"), import("./topology/index.ts")]);

/** Kept: an `import()` takes turns of the event loop even if the module is loaded. */
let connects: ReturnType<typeof connecting> | undefined;
let provisions: ReturnType<typeof provisioning> | undefined;

interface Keeps {
  queue: "ordering" | "delay" | "fairness";
  pubsub: "ordering" | "delay" | "fairness";
  stream: "ordering" | "replay";
}

/** The in-memory broker: all three models, within this process. */
export const adapter: Adapter<ResolvedOptions, Keeps> = {
  name: "memory",
  options: optionsSchema,
  capabilities,
  locate,
  place: ({ broker }) => (broker === undefined ? "this process" : `this process, broker ${broker}`),
  open: async (options, runtime, report) => {
    const [{ brokerFor }, { connect }] = await (connects ??= connecting());
    return connect(brokerFor(options, runtime), options, report);
  },
  topology: async (options, runtime) => {
    const [{ brokerFor }, { createTopology }] = await (provisions ??= provisioning());
    return createTopology(brokerFor(options, runtime), options);
  },
  rights: async () => ({ connection: () => ({ rights: [] }), topology: () => ({ rights: [] }) }),
};

/** A connection for `defineConfig` and for bundlers: `connections: { local: memory({ broker: "shared" }) }`. */
export function memory<const O extends MemoryOptions = MemoryOptions>(
  options?: O,
): { readonly use: typeof adapter } & O {
  return { use: adapter, ...options } as { readonly use: typeof adapter } & O;
}
