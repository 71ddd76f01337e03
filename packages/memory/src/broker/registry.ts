import type { Runtime } from "@switchyard/core/driver";
import { Broker } from "./broker.ts";
import { MemoryFault } from "../errors.ts";
import type { ResolvedOptions } from "../options.ts";

const named = new Map<string, Broker>();
/** A connection passes the same options object to its topology and its driver, so that both find the same broker. */
const unnamed = new WeakMap<ResolvedOptions, Broker>();

export function brokerFor(options: ResolvedOptions, runtime: Runtime): Broker {
  const known = brokerOf(options);
  if (known !== undefined) {
    if (known.clock.runtime === runtime) return known;
    throw new MemoryFault(
      "config",
      "broker-clock",
      `memory broker "${options.broker}" runs on another clock; give it another name, or connect with the same runtime`,
    );
  }
  const broker = new Broker(runtime);
  if (options.broker === undefined) unnamed.set(options, broker);
  else named.set(options.broker, broker);
  return broker;
}

export function brokerOf(options: ResolvedOptions): Broker | undefined {
  return options.broker === undefined ? unnamed.get(options) : named.get(options.broker);
}

/** Creates a broker under a free name. */
export function openBroker(name: string, runtime: Runtime): Broker {
  const broker = new Broker(runtime);
  named.set(name, broker);
  return broker;
}

/** The broker of that name, if someone has connected to it. */
export const brokerNamed = (name: string): Broker | undefined => named.get(name);

/** Forgets a named broker and everything in it. Connections that are open keep using it. */
export function forgetBroker(name: string): void {
  named.delete(name);
}
