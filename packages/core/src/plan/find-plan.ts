import { MessagingError } from "../api/errors.ts";
import { nearest } from "../base/suggest.ts";
import type { ChannelPlan, GroupPlan, Plan } from "./plan.ts";

/** The plan of a channel. @throws MessagingError `unknown-channel` if `connect()` was not given the channel. */
export function channelOf({ channels }: Plan, name: string, group?: string): ChannelPlan {
  return (Object.hasOwn(channels, name) ? channels[name] : undefined) ?? unknownChannel(name, group);
}

/** The error for a channel that `connect()` was not given. `group`: the group of the consumer that names it. */
export function unknownChannel(name: string, group?: string): never {
  const text = `channel "${name}" was not given to connect(); add it to \`channels\``;
  throw new MessagingError("unknown-channel", text, { kind: "config", channel: name, group });
}

/** The plan of a group. @throws MessagingError `unlisted-group` if the configuration does not list the group. */
export function groupOf(channel: ChannelPlan, name: string): GroupPlan {
  const found = Object.hasOwn(channel.groups, name) ? channel.groups[name] : undefined;
  if (found !== undefined) return found;
  const listed = Object.keys(channel.groups);
  const near = nearest(name, listed);
  const hint = near === undefined ? "" : `; did you mean "${near}"?`;
  const text = `group "${name}" is not listed at channels.${channel.channel}.groups (${listed.join(", ")})${hint}; list it in the configuration, where publishers and the plan see it too`;
  throw new MessagingError("unlisted-group", text, { kind: "config", channel: channel.channel, group: name });
}
