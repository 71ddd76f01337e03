import type { Capabilities, Destination, Model } from "../../driver/index.ts";
import { parseByteSize } from "../../api/byte-size.ts";
import { parseDuration } from "../../api/duration.ts";
import type { ChannelPlan, PublishPlan } from "../../plan/plan.ts";
import type { ChannelShape } from "../../api/shapes.ts";
import { type Connections, keeps } from "./connections.ts";
import { type ResolveContext, later } from "./resolve-context.ts";
import { checkPublish } from "./contradictions.ts";
import { policyName, resolveGroup } from "./group.ts";
import { type KeyEntries, resolveContent } from "./content.ts";
import type { Extensions } from "./extensions.ts";
import { checkNative, locate, type Resolving } from "./locate.ts";
import { channelDestination } from "./names.ts";
import { alternatives, needsOf, unkept } from "./needs.ts";
import type { Section } from "../layers/section.ts";
import { didYouMean, listed } from "../../base/suggest.ts";
import type { ChannelInput, PublishInput } from "../../api/config-input.ts";

export async function resolveChannel(
  context: ResolveContext,
  connections: Connections,
  shape: ChannelShape,
  shapes: readonly ChannelShape[],
  everyProfile: boolean,
  keys: KeyEntries,
  extensions: Extensions,
): Promise<ChannelPlan | undefined> {
  const { problems } = context;
  const section = context.layers.channel(shape.name);
  if (section.empty) {
    if (context.excused("channels", shape.name)) return undefined;
    if (everyProfile && context.listedSomewhere(shape.name)) return undefined;
    const known = context.layers.names("channels");
    if (context.layers.removed("channels", shape.name) !== undefined) {
      const why = `null removes this channel, but the code uses it`;
      problems.add(section.where(), `${why}; keep it, or leave it out of connect({ channels })`);
      return undefined;
    }
    const hint = didYouMean(shape.name, known);
    problems.add(
      section.where(),
      `the code uses this channel, but it is not configured; configured: ${listed(known)}.${hint}`,
    );
    return undefined;
  }
  context.reportUnfilled(section, "channels", ["*", shape.name]);
  const input = section.value as ChannelInput;
  const groups = checkGroups(context, section, shape.name, input);
  const chosen = chosenOf(context, section, shape.name, input);
  const connected = chosen.on === undefined ? undefined : await connections.use(chosen.on, section.where("on"));
  if (chosen.model === "queue" && groups.length > 1) await refuseGroups(context, connections, shape, section, groups);
  const naming = {
    prefix: context.prefix,
    channel: shape.name,
    model: chosen.model ?? "queue",
    ordered: shape.orderingKey !== undefined,
    input,
  };
  if (chosen.model === undefined || connected === undefined) return undefined;
  const resolving: Resolving = { context, connections, shape, section, input, naming, connected, shapes };
  checkForm(resolving);
  const plans = [];
  for (const group of groups) plans.push(await resolveGroup(resolving, group));
  const retentionMs = input.retention === undefined ? undefined : parseDuration(input.retention);
  const to = naming.model === "queue" ? plans[0]?.from : channelDestination(naming, retentionMs);
  if (to === undefined) return undefined;
  const capabilities = await checkNeeds(resolving, to);
  if (naming.model !== "queue") locate(resolving, to, section.where());
  if (naming.model !== "queue") checkNative(resolving, to);
  checkPublish(resolving);
  const content = await resolveContent(resolving, keys, extensions);
  if (capabilities === undefined || plans.some((plan) => plan.capabilities === undefined)) return undefined;
  return {
    channel: shape.name,
    model: naming.model,
    on: connected.name,
    ordered: naming.ordered,
    to,
    groups: Object.fromEntries(plans.map((plan) => [plan.group, { ...plan, capabilities: plan.capabilities! }])),
    publish: { ...publishPlan(input.publish ?? {}), ...(input.atRest === undefined ? {} : { atRest: input.atRest }) },
    capabilities,
    ...(content === undefined ? {} : { content }),
  };
}

function chosenOf(
  context: ResolveContext,
  section: Section,
  channel: string,
  input: ChannelInput,
): { model?: Model; on?: string } {
  const absent = (key: "model" | "on", allowed: string) => {
    if (input[key] !== undefined || context.excused("channels", channel, key)) return;
    context.problems.add(section.where(key), `missing; set it to ${allowed}`);
  };
  absent("model", "queue, pubsub or stream");
  absent("on", `the name of a connection: ${listed([...new Set([...context.layers.names("connections"), "memory"])])}`);
  const unset = context.unset(section.where("on"));
  return {
    ...(input.model === undefined ? {} : { model: input.model }),
    ...(input.on === undefined || unset ? {} : { on: input.on }),
  };
}

function checkGroups(context: ResolveContext, section: Section, channel: string, input: ChannelInput): string[] {
  const groups = Object.keys(input.groups ?? {});
  if (groups.length === 0 && !context.excused("channels", channel, "groups")) {
    context.problems.add(
      section.where("groups"),
      "no group is listed, so no consumer could receive; list at least one: groups: { <name>: {} }",
    );
  }
  for (const group of groups) policyName(context, section, input, group);
  for (const { group } of context.consumers.filter((consumer) => consumer.channel.name === channel)) {
    if (groups.includes(group) || context.excused("channels", channel, "groups", group)) continue;
    // The same code runs with every profile, so a group that only another profile lists is not a mistake.
    if (context.listedSomewhere(channel, group)) continue;
    context.problems.add(section.where("groups"), unlisted(channel, group, groups));
  }
  return groups;
}

/** Refuses a queue with several groups, because each message of a queue goes to only one consumer. */
async function refuseGroups(
  context: ResolveContext,
  connections: Connections,
  shape: ChannelShape,
  section: Section,
  groups: readonly string[],
): Promise<void> {
  const { on = "" } = section.value as ChannelInput;
  const choice = { channel: shape.name, model: "queue" as const, on, ordered: shape.orderingKey !== undefined };
  const others = await alternatives(choice, needsOf(shape), connections, ["pubsub", "stream"]);
  const why = `a queue has exactly one group, and "${shape.name}" lists ${listed(groups)}`;
  const where = later(section.where("groups"), section.where("model"));
  context.problems.add(where, `${why}; keep one, or use a model that gives every group each message. ${others}`);
}

/** The error for a consumer of a group that the configuration does not list. */
function unlisted(channel: string, group: string, groups: readonly string[]): string {
  return `"${channel}" has no group "${group}", which the code consumes; listed: ${listed(groups)}.${didYouMean(group, groups)}`;
}

function checkForm({ context, section, input, naming }: Resolving): void {
  if (input.form === "standard" && naming.ordered) {
    const why = `"${naming.channel}" has an ordering key, but form standard does not keep order`;
    context.problems.add(section.where("form"), `${why}; use ordered, or leave form out`);
  } else if (input.form !== undefined && input.form !== "standard" && !naming.ordered) {
    const why = `form ${input.form} is for channels with an ordering key, but "${naming.channel}" has none`;
    context.problems.add(section.where("form"), `${why}; give the channel an orderingKey, or leave form out`);
  }
}

/** Checks that the adapter has the model and keeps what the channel needs. Returns the capabilities for publishing. */
async function checkNeeds(resolving: Resolving, to: Destination): Promise<Capabilities | undefined> {
  const { context, connections, shape, section, connected, naming } = resolving;
  const choice = { channel: naming.channel, model: naming.model, on: connected.name, ordered: naming.ordered };
  const needs = needsOf(shape);
  const capabilities = keeps(connected, to);
  const others = () => alternatives(choice, needs, connections);
  if (capabilities === "unknown") return undefined;
  if (capabilities === undefined) {
    const why = `"${connected.name}" (${connected.adapter.name}) has no model ${naming.model}`;
    context.problems.add(later(section.where("model"), section.where("on")), `${why}. ${await others()}`);
    return undefined;
  }
  const refusals = new Set<string>();
  for (const side of ["publish", "receive"] as const) {
    for (const of of side === "publish" ? [to] : receivers(resolving, to)) {
      const caps = keeps(connected, of);
      const refusal =
        caps === undefined || caps === "unknown" ? undefined : unkept(choice, needs, side, caps, connected);
      if (refusal !== undefined) refusals.add(refusal);
    }
  }
  const where = later(section.where("on"), section.where("model"));
  for (const refusal of refusals) context.problems.add(where, `${refusal}. ${await others()}`);
  return capabilities;
}

function receivers({ naming, input }: Resolving, to: Destination): Destination[] {
  if (naming.model === "queue") return [to];
  return Object.entries(input.groups ?? {}).map(([group, { runsOn }]) => ({
    ...to,
    name: `${to.name}_${group}`,
    group,
    ...(runsOn === undefined ? {} : { runsOn }),
  }));
}

function publishPlan(input: PublishInput): PublishPlan {
  return {
    timeoutMs: parseDuration(input.timeout) ?? 30_000,
    maxPending: input.maxPending ?? 10_000,
    maxPendingBytes: parseByteSize(input.maxPendingBytes) ?? 64 * 1024 * 1024,
    whenFull: input.whenFull ?? "wait",
  };
}
