import type { GroupDepth } from "../api/depth.ts";
import { MessagingError } from "../api/errors.ts";
import type { InFlight, Telemetry } from "../api/telemetry.ts";
import type { Runtime } from "../driver/runtime.ts";
import { unknownChannel } from "../plan/find-plan.ts";
import type { Plan } from "../plan/plan.ts";
import { Watch } from "../wire/probe.ts";

/** What telemetry asks of the messaging that it serves. */
interface Served {
  inFlight(): readonly InFlight[];
  depth(channel: { readonly name: string }, group?: string): Promise<readonly GroupDepth[]>;
}

/** Opens telemetry. `served` gives the messaging once it is there. */
export async function watchOver(
  telemetry: Telemetry,
  plan: Plan,
  runtime: Runtime,
  served: () => Served | undefined,
): Promise<Watch> {
  const session = await telemetry.open({
    service: plan.service,
    runtime,
    channels: Object.keys(plan.channels),
    inFlight: () => served()?.inFlight() ?? [],
    depth: async (channel, group) => {
      const messaging = served();
      if (messaging === undefined)
        throw new MessagingError("closed", "connect() has not resolved yet", { kind: "closed" });
      if (!Object.hasOwn(plan.channels, channel)) unknownChannel(channel);
      return messaging.depth({ name: channel }, group);
    },
  });
  return new Watch(session);
}
