/**
 * `connect()` for the contract suite where consumers run on Lambda: what they are given becomes a function in this process, and a mapping for
 * its source invokes it. Everything else is messaging's own.
 */
import { connect, systemRuntime } from "@switchyard/core";
import { lambda, type LambdaHandler } from "@switchyard/lambda";
import type { Invoke } from "./function.ts";
import { inProcess } from "./function.ts";

/** A mapping that can be stopped. */
export interface Mapping {
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Makes the mapping of a group: `address` is its queue or stream. */
export type MakeMapping = (address: string, invoke: Invoke, group: string) => Mapping;

/** The time of an invocation, in milliseconds. */
const TIMEOUT_MS = 20_000;

export const connectLambda =
  (mappingOf: MakeMapping) =>
  async (given: any): Promise<unknown> => {
    const options = { ...given, config: reporting(given.config) };
    const messaging: any = await connect(options);
    const waiting: { consumer: any; handler: LambdaHandler }[] = [];
    const mappings: Mapping[] = [];
    const config = withoutProvision(options.config);
    let completed = 0;
    const observe = (event: any): void => {
      if (event.type === "handled") completed++;
      given.observe(event);
    };
    const own = {
      consume(consumer: any) {
        const handler = lambda({ ...options, observe, config, consumers: [consumer], margin: "1s" });
        waiting.push({ consumer, handler });
      },
      async start() {
        for (const { consumer, handler } of waiting.splice(0)) {
          const { groups, address } = messaging.explain().channels[consumer.channel.name];
          const invoke = inProcess(handler, TIMEOUT_MS);
          const mapping = mappingOf(groups[consumer.group].address ?? address, invoke, consumer.group);
          mappings.push(mapping);
          await mapping.start();
        }
      },
      async stop(how: any) {
        const limit = new AbortController();
        await Promise.race([
          Promise.all(mappings.map((mapping) => mapping.stop())),
          systemRuntime.sleep(10_000, limit.signal),
        ]);
        limit.abort();
        await messaging.stop(how);
        return { completed, drained: 0, released: 0, abandoned: 0 };
      },
    };
    return new Proxy(own, {
      get: (target, name) => {
        const from: any = Object.hasOwn(target, name) ? target : messaging;
        const value = Reflect.get(from, name);
        return typeof value === "function" ? value.bind(from) : value;
      },
    });
  };

function withoutProvision(config: any): any {
  const connections = Object.entries<any>(config.connections).map(([name, one]) => [
    name,
    { ...one, provision: "off" },
  ]);
  return { ...config, connections: Object.fromEntries(connections) };
}

/** The mappings read the answer. */
function reporting(config: any): any {
  const groupsOf = (groups: object) =>
    Object.entries<any>(groups).map(([name, one]) => [
      name,
      { ...one, native: { ...one.native, lambda: { answer: "report" } } },
    ]);
  const channels = Object.entries<any>(config.channels).map(([name, one]) => [
    name,
    { ...one, groups: Object.fromEntries(groupsOf(one.groups)) },
  ]);
  return { ...config, channels: Object.fromEntries(channels) };
}
