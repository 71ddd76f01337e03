/** What the roles do with the keys of encrypted channels, and the rights for it. */
import type { Place } from "../driver/index.ts";
import type { KeysCall } from "../pipeline/extension.ts";
import type { ChannelPlan } from "../plan/plan.ts";
import type { FeatureRight } from "./claims.ts";
import { type Doing, editable, type Role } from "./roles.ts";

interface Use {
  readonly role: Role;
  readonly call: KeysCall;
  readonly channel: ChannelPlan;
}

/** The rights on the keys of all channels that encrypt. */
export async function keyRightsOf(
  doing: Doing,
  place: Place,
): Promise<{ readonly rights: readonly FeatureRight[]; readonly warnings: readonly string[] }> {
  const rights: FeatureRight[] = [];
  const warnings: string[] = [];
  for (const { role, call, channel } of usesOf(doing)) {
    const encrypt = channel.content!.encrypt!;
    const { extension, options, name } = doing.plan.keys[encrypt.keys]!;
    const of = await extension.rights?.(options);
    if (of === undefined) {
      warnings.push(`keys.${name} does not say which rights its calls need; grant them by hand`);
      continue;
    }
    const needed = of.needed(call, { channel: channel.channel, ...encrypt }, place);
    for (const right of needed.rights)
      if (right.kind === "iam") rights.push({ ...right, role, on: `keys.${name}`, use: call });
    warnings.push(...(needed.warnings ?? []));
  }
  return { rights, warnings };
}

function usesOf(doing: Doing): readonly Use[] {
  const { plan, publishes, consumes, channels } = doing;
  const encrypted = (names: readonly string[]): readonly ChannelPlan[] =>
    [...new Set(names)].flatMap((name) => {
      const channel = Object.hasOwn(plan.channels, name) ? plan.channels[name] : undefined;
      return channel?.content?.encrypt === undefined ? [] : [channel];
    });
  const consumed = consumes.map(({ channel }) => channel);
  const deadLettering = consumes
    .filter(({ channel, group }) => plan.channels[channel]?.groups[group]?.deadLetter !== undefined)
    .map(({ channel }) => channel);
  const all = (role: Role, call: KeysCall, names: readonly string[]): readonly Use[] =>
    encrypted(names).map((channel) => ({ role, call, channel }));
  return [
    ...all(
      "publisher",
      "write",
      publishes.map(({ channel }) => channel),
    ),
    ...all("consumer", "read", consumed),
    // The text of a dead letter's error is encrypted. Its body stays as it was received.
    ...all("consumer", "seal", deadLettering),
    // A redrive sends dead letters as they are.
    ...all("operator", "read", [...consumed, ...channels]),
    // An edited one is encrypted again.
    ...all("operator", "write", editable(doing)),
  ];
}
