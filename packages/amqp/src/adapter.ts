import type { Adapter } from "@switchyard/core/driver";
import { capabilitiesOf } from "./capabilities.ts";
import { shown } from "./endpoint.ts";
import { locate } from "./names.ts";
import { nativeProblems } from "./native.ts";
import { amqpOptions, type ResolvedOptions, urlsOf } from "./options.ts";

/** What RabbitMQ keeps. A delay is kept without an ordering key; a stream keeps its records. */
export type AmqpKeeps = { queue: "ordering" | "delay"; pubsub: "ordering" | "delay"; stream: "ordering" | "replay" };

/** RabbitMQ: queues, topics with a queue for each group, and streams. */
export const adapter: Adapter<ResolvedOptions, AmqpKeeps> = {
  name: "amqp",
  options: amqpOptions,
  capabilities: (of, options) => capabilitiesOf(of, options),
  locate: (of, options) => locate(of, options),
  nativeProblems: (of, options) => nativeProblems(of, options),
  place: (options) => urlsOf(options).map(shown).join(" or "),
  open: async (options, runtime, report, client) => {
    const [{ connect }, { placing }] = await Promise.all([import("./connection.ts"), import("./errors.ts")]);
    const connection = await connect(options, runtime, report, client?.service ?? "switchyard");
    const placed = placing(urlsOf(options));
    return { ...connection, classify: (cause, during) => placed(connection.classify(cause, during)) };
  },
  topology: async (options, runtime) => {
    const { createTopology } = await import("./topology/index.ts");
    return createTopology(options, runtime);
  },
  resources: async (options) => (await import("./topology/listed.ts")).listedResources(options),
  rights: async (options) => (await import("./rights.ts")).rightsOf(options),
};
