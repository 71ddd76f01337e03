/** Plans and makes what claim stores need, such as a lifecycle rule. Loaded only if a channel has a claim check. */
import { isMessagingError, MessagingError } from "../api/errors.ts";
import type { Runtime } from "../driver/index.ts";
import type { ClaimTopology, ClaimUse, ExtensionContext } from "../pipeline/extension.ts";
import { keptMs, retention } from "../plan/kept.ts";
import { settingsKey } from "./settings-key.ts";
import type { ChannelPlan, ConnectionPlan, ContentPlan, Plan } from "../plan/plan.ts";

/** Channels that store their bodies in the same way. */
export interface ClaimStore {
  /** The place of the settings, for people: `channels.orders.claimCheck`. */
  readonly name: string;
  readonly claimCheck: NonNullable<ContentPlan["claimCheck"]>;
  readonly uses: readonly ClaimUse[];
  /** That of the channels' connections. The most careful one applies to all: `off`, then `verify`. */
  readonly provision: ConnectionPlan["provision"];
}

const CARE = ["off", "verify", "auto"] as const;

/** The stores of all channels. Channels with equal settings share one, so that one rule keeps the objects of all of them. */
export function claimStores(plan: Plan): readonly ClaimStore[] {
  const found = new Map<string, ClaimStore>();
  const keyOf = settingsKey();
  for (const channel of Object.values(plan.channels)) {
    const claimCheck = channel.content?.claimCheck;
    if (claimCheck?.extension.topology === undefined) continue;
    const key = keyOf([claimCheck.store, claimCheck.options]);
    const known = found.get(key);
    const { provision } = plan.connections[channel.on]!;
    found.set(key, {
      name: known?.name ?? `channels.${channel.channel}.claimCheck`,
      claimCheck: known?.claimCheck ?? claimCheck,
      uses: [...(known?.uses ?? []), { channel: channel.channel, keepMs: keepOf(plan, channel) }],
      provision: CARE.find((mode) => mode === provision || mode === known?.provision) ?? provision,
    });
  }
  return [...found.values()];
}

/**
 * For how long a message of the channel may come: while its group's queue keeps it, and after that while the dead letters do. A redrive
 * renews the object's life first, so nothing is added for it.
 */
function keepOf(plan: Plan, { groups, to, capabilities }: ChannelPlan): number {
  const ofGroups = Object.values(groups).map((group) => keptMs(plan, group));
  return Math.max(retention(to, capabilities.retentionMs), ...ofGroups);
}

/** Opens the store's topology while `run` runs. */
export async function withClaimTopology<T>(
  plan: Plan,
  { name, claimCheck }: ClaimStore,
  runtime: Runtime,
  run: (topology: ClaimTopology) => Promise<T>,
): Promise<T> {
  const { service, directory } = plan;
  const context: ExtensionContext = { runtime, name, service, directory, trouble: () => {} };
  try {
    const topology = await claimCheck.extension.topology!(claimCheck.options, context);
    try {
      return await run(topology);
    } finally {
      await topology.close();
    }
  } catch (cause) {
    if (isMessagingError(cause)) throw cause;
    throw new MessagingError("topology-failed", `topology of ${name} failed`, { kind: "retryable", cause });
  }
}
