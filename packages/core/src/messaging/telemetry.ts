import type { GroupDepth } from "../api/depth.ts";
import { MessagingError } from "../api/errors.ts";
import type { InFlight, Telemetry } from "../api/telemetry.ts";
import type { Runtime } from "../driver/runtime.ts";
import { channelOf } from "../plan/find-plan.ts";
import type { Plan } from "../plan/plan.ts";
import { Watch } from "../wire/probe.ts";

/** What telemetry asks of the messaging that it serves. */
interface Served {
  inFlight(): readonly InFlight[];
  depth(
    channel: { readonly name: string },
    group: string,
    options: { readonly maxAge: number },
  ): Promise<readonly GroupDepth[]>;
}

/** Milliseconds for which an answer is shared between those who ask for telemetry: an emitter, a scrape. */
const SHARED_MS = 1_000;

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
      const { groups } = channelOf(plan, channel);
      const asked = (group === undefined ? Object.keys(groups) : [group]).map((each) =>
        messaging.depth({ name: channel }, each, { maxAge: SHARED_MS }),
      );
      const answers = await Promise.allSettled(asked);
      const known = answers.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
      const [failed] = answers.flatMap((answer) => (answer.status === "rejected" ? [answer.reason as unknown] : []));
      // One group may run where its backlog cannot be asked for.
      if (known.length === 0 && failed !== undefined) throw failed;
      return known;
    },
  });
  return new Watch(session);
}
