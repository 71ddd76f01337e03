import type { Runtime, Topology } from "@switchyard/core/driver";
import { dialer } from "../client/dial.ts";
import { Link } from "../client/link.ts";
import { type ResolvedOptions, urlsOf } from "../options.ts";
import { applyPlan, type Planned } from "./apply.ts";
import { proberOn } from "./context.ts";
import { destroyTopology } from "./destroy.ts";
import { planTopology } from "./plan.ts";

/**
 * Quorum queues, exchanges, streams and bindings. It opens a connection of its own when it is first asked, and needs the right to
 * configure, which services need not have.
 */
export async function createTopology(options: ResolvedOptions, runtime: Runtime): Promise<Topology> {
  const link = new Link({
    name: `${options.name ?? "switchyard"} topology`,
    urls: urlsOf(options),
    connectTimeoutMs: options.connectTimeout,
    dial: await dialer(options, runtime, undefined),
    runtime,
    fast: undefined,
    report: () => {},
  });
  return {
    plan: (destinations, signal) =>
      planTopology(destinations, options, proberOn(link, runtime, signal), () => link.product(signal)),
    apply: (plan, signal, how) => applyPlan(plan.state as Planned, proberOn(link, runtime, signal), how),
    destroy: (destinations, signal) => destroyTopology(destinations, options, proberOn(link, runtime, signal)),
    close: () => link.close(),
  };
}
