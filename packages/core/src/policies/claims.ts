/** What the roles do with claim stores, and the rights for it. */
import type { IamRight, Place } from "../driver/index.ts";
import { claimStores } from "../messaging/claim-topology.ts";
import type { ClaimCall } from "../pipeline/extension.ts";
import type { ChannelPlan, Plan } from "../plan/plan.ts";
import { type Doing, editable, type Role } from "./roles.ts";

/** A right that a feature of a channel needs beside those of its transport. */
export interface FeatureRight extends IamRight {
  readonly role: Role;
  readonly on: string;
  readonly use: string;
}

interface Use {
  readonly role: Role;
  readonly call: ClaimCall;
  readonly channel: ChannelPlan;
}

/** The rights on the stores of all channels. */
export async function claimRightsOf(
  doing: Doing,
  place: Place,
): Promise<{ readonly rights: readonly FeatureRight[]; readonly warnings: readonly string[] }> {
  const { plan } = doing;
  const rights: FeatureRight[] = [];
  const warnings: string[] = [];
  for (const { role, call, channel } of usesOf(doing)) {
    const { claimCheck } = channel.content!;
    const of = await claimCheck!.extension.rights?.(claimCheck!.options);
    if (of === undefined) {
      warnings.push(
        `the claim check of "${channel.channel}" does not say which rights its calls need; grant them by hand`,
      );
      continue;
    }
    const needed = of.needed(
      call,
      call === "read" || call === "renew" ? readFrom(plan, channel) : [channel.channel],
      place,
    );
    for (const right of needed.rights)
      if (right.kind === "iam")
        rights.push({ ...right, role, on: `channels.${channel.channel}.claimCheck`, use: call });
    warnings.push(...(needed.warnings ?? []));
  }
  return { rights, warnings };
}

function usesOf(doing: Doing): readonly Use[] {
  const { plan, publishes, consumes, channels } = doing;
  const stored = (names: Iterable<string>): readonly ChannelPlan[] =>
    [...new Set(names)].flatMap((name) => {
      const channel = Object.hasOwn(plan.channels, name) ? plan.channels[name] : undefined;
      return channel?.content?.claimCheck === undefined ? [] : [channel];
    });
  const consumed = consumes.map(({ channel }) => channel);
  const all = (role: Role, call: ClaimCall, names: Iterable<string>): readonly Use[] =>
    stored(names).map((channel) => ({ role, call, channel }));
  return [
    ...all(
      "publisher",
      "write",
      publishes.map(({ channel }) => channel),
    ),
    ...all("consumer", "read", consumed),
    // Dead letters are shown with their data, and a redrive renews it.
    ...all("operator", "renew", [...consumed, ...channels]),
    // An edited dead letter is a new message, and may be as large as any.
    ...all("operator", "write", editable(doing)),
    ...claimStores(plan).flatMap(({ uses, provision }) => {
      const one = uses.slice(0, 1).map(({ channel }) => channel);
      return [
        ...all("viewer", "plan", one),
        ...all("provisioner", "plan", one),
        ...all("provisioner", "apply", one),
        // With `verify`, `connect()` plans.
        ...(provision === "verify" ? [...all("publisher", "plan", one), ...all("consumer", "plan", one)] : []),
      ];
    }),
  ];
}

/** The channel, and those whose dead letters it takes: their messages keep their pointers. */
function readFrom(plan: Plan, { channel }: ChannelPlan): readonly string[] {
  const sources = Object.values(plan.channels).filter(({ groups }) =>
    Object.values(groups).some(({ deadLetter }) => deadLetter?.channel === channel),
  );
  return [...new Set([channel, ...sources.map((source) => source.channel)])];
}
