import type { Runtime } from "@switchyard/core/driver";
import { Broker } from "./broker.ts";
import { MemoryFault } from "../errors.ts";
import type { ResolvedOptions } from "../options.ts";

const named = new Map<string, Broker>();
/** A connection's options are one object for its topology and its driver: that is what makes them meet. */
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

/** A new broker under a name that is free. */
export function openBroker(name: string, runtime: Runtime): Broker {
  const broker = new Broker(runtime);
  named.set(name, broker);
  return broker;
}

/** The broker of that name, if anyone connected to it. */
export const brokerNamed = (name: string): Broker | undefined => named.get(name);

/** Forgets a named broker and everything in it. Whoever is connected keeps what is now nobody's. */
export function forgetBroker(name: string): void {
  named.delete(name);
}
