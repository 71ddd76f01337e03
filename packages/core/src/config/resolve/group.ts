import type { Capabilities, Destination, Position } from "../../driver/index.ts";
import { parseByteSize } from "../../api/byte-size.ts";
import { formatDuration, parseDuration } from "../../api/duration.ts";
import { tooFewInFlight } from "../../plan/least-in-flight.ts";
import type { GroupPlan, Policy } from "../../plan/plan.ts";
import type { ConsumerShape } from "../../api/shapes.ts";
import { keeps } from "./connections.ts";
import type { ResolveContext } from "./resolve-context.ts";
import { checkGroup, checkWaits } from "./contradictions.ts";
import { resolveDeadLetter } from "./dead-letter.ts";
import { checkNative, locate, type Resolving } from "./locate.ts";
import { groupDestination } from "./names.ts";
import { nativeAttempts, policyOf, type NamedPolicy } from "./policies.ts";
import { longestWait, rulesOf } from "../../plan/backoff.ts";
import { epoch, pauseOf } from "../layers/schema.ts";
import type { Section } from "../layers/section.ts";
import { didYouMean, listed } from "../../base/suggest.ts";
import type { ChannelInput, GroupInput, PolicyInput } from "../../api/config-input.ts";

/** The default, 64 MiB: 64 of the largest SQS messages (1 MiB), and small compared to a Node heap. */
const IN_FLIGHT_BYTES = 64 * 1024 * 1024;

export type GroupAttempt = Omit<GroupPlan, "capabilities"> & { readonly capabilities: Capabilities | undefined };

export async function resolveGroup(resolving: Resolving, group: string): Promise<GroupAttempt> {
  const { context, section, input: channel, naming, connected } = resolving;
  const input = channel.groups![group]!;
  const home = section.where("groups", group);
  const named = policyFor(resolving, group);
  const { policy } = named;
  checkWaits(resolving, named);
  checkGroup(resolving, group, input, named);
  const dead = await resolveDeadLetter(resolving, group, input, named);
  const holdMs = parseDuration(input.hold) ?? 60_000;
  const from = groupDestination(naming, {
    group,
    input,
    holdMs,
    nativeAttempts: nativeAttempts(policy),
    retentionMs: parseDuration(channel.retention),
    types: typesOf(resolving, group, input),
    foreign: resolving.shape.foreign !== undefined,
    deadLetter: dead?.nested,
  });
  const address = locate(
    resolving,
    from,
    input.address === undefined ? home : section.where("groups", group, "address"),
  );
  if (address !== undefined && naming.model !== "stream") {
    context.claim(
      connected.name,
      address,
      `group "${group}" of "${naming.channel}"`,
      input.address === undefined ? home : section.where("groups", group, "address"),
    );
  }
  if (naming.model === "stream" && input.address !== undefined) {
    context.problems.add(
      section.where("groups", group, "address"),
      "a stream group has no queue; set the address on the channel",
    );
  }
  if (
    naming.model === "queue" &&
    input.address !== undefined &&
    channel.address !== undefined &&
    input.address !== channel.address
  ) {
    context.problems.add(
      section.where("groups", group, "address"),
      "the channel sets a different address for the same queue; keep only one of them",
    );
  }
  checkNative(resolving, from, group);
  const kept = keeps(connected, from);
  const capabilities = kept === "unknown" ? undefined : kept;
  const start = startOf(input);
  if (capabilities !== undefined) {
    checkPushed(resolving, group, input, capabilities);
    checkPolicy(resolving, named, capabilities);
    checkStart(resolving, group, start, capabilities);
    if (input.filter !== undefined && input.filter !== false && capabilities.filter === "none") {
      const why = `a ${naming.model} on "${connected.name}" cannot filter at the broker`;
      context.problems.add(
        section.where("groups", group, "filter"),
        `${why}; leave it out, and handle or ignore the other types`,
      );
    }
    if (dead !== undefined && dead.capabilities.maxMessageBytes < capabilities.maxMessageBytes) {
      const sizes = `${dead.capabilities.maxMessageBytes} bytes, less than the ${capabilities.maxMessageBytes} of "${naming.channel}"`;
      context.problems.add(
        dead.where ?? home,
        `its dead letters may have ${sizes}, so a large message could not be kept; use a dead-letter destination that allows more`,
      );
    }
  }
  if (input.filter === true && context.consumers.length === 0 && connected.provision !== "off") {
    const why = `connect() does not know the consumers, so provision: ${connected.provision} would remove the filter again`;
    context.problems.add(section.where("groups", group, "filter"), `${why}; list the message types`);
  }
  const concurrency = input.concurrency ?? Math.min(10, input.maxInFlight ?? 10);
  const least = capabilities?.minInFlight ?? 1;
  if (input.maxInFlight !== undefined && input.maxInFlight < least) {
    context.problems.add(section.where("groups", group, "maxInFlight"), tooFewInFlight(input.maxInFlight, least));
  }
  return {
    group,
    from,
    ...(dead === undefined ? {} : { deadLetter: dead.destination, deadLetterOn: dead.on }),
    policy,
    concurrency,
    maxInFlight: input.maxInFlight ?? Math.max(2 * concurrency, least),
    maxInFlightBytes: parseByteSize(input.maxInFlightBytes) ?? IN_FLIGHT_BYTES,
    holdMs,
    start,
    batch: {
      size: input.batch?.size ?? 10,
      waitMs: parseDuration(input.batch?.wait) ?? 0,
      ...(input.batch?.perKey === undefined ? {} : { perKey: Number(input.batch.perKey) }),
    },
    ...(channel.atRest === undefined ? {} : { atRest: channel.atRest }),
    ...pulledOf(resolving, group, from),
    ...(input.editDeadLetters === true ? { editDeadLetters: true } : {}),
    ...breakerOf(resolving, group, input, policy),
    ...rateOf(resolving, group, input),
    capabilities,
  };
}

/** Refuses what a group cannot have whose messages are pushed: there is no fetch to stop. */
function checkPushed(
  { context, section, naming, connected }: Resolving,
  group: string,
  { runsOn, breaker, rate }: GroupInput,
  { delivery }: Capabilities,
): void {
  if (runsOn === undefined) return;
  const at = (key: string) => section.where("groups", group, key);
  if (delivery !== "pushed") {
    const place = `a ${naming.model} on "${connected.name}" (${connected.adapter.name})`;
    const where = at("runsOn");
    const text = `${place} cannot push messages to ${context.quote(where, runsOn)}; leave runsOn out, or use a connection whose messages can be pushed there (lambda: sqs, sns, kinesis, aws)`;
    context.problems.add(where, text);
  }
  const why = `the group runs on ${runsOn}, where messages are pushed and nothing is fetched, so nothing could be paused`;
  if (breaker !== undefined)
    context.problems.add(
      at("breaker"),
      `${why}; leave the breaker out, and limit what pushes (Lambda: maximumConcurrency)`,
    );
  if (rate !== undefined)
    context.problems.add(at("rate"), `${why}; leave rate out, and limit what pushes (Lambda: maximumConcurrency)`);
}

/** What a process may do with a group that something else runs. Several may take from a queue, but a stream has one position. */
function pulledOf(
  { naming, connected }: Resolving,
  group: string,
  { runsOn, ...from }: Destination,
): Pick<GroupPlan, "pulled" | "elsewhere"> {
  if (runsOn === undefined) return {};
  if (naming.model === "stream") {
    const whose = `group "${group}" of "${naming.channel}" runs on ${runsOn}, which keeps its position in the stream`;
    return {
      elsewhere: `${whose}: a process would read everything a second time; use another group, or leave runsOn out`,
    };
  }
  const capabilities = keeps(connected, from);
  return capabilities === undefined || capabilities === "unknown" ? {} : { pulled: { from, capabilities } };
}

function breakerOf(
  { context, section }: Resolving,
  group: string,
  { breaker }: GroupInput,
  policy: Policy,
): Pick<GroupPlan, "breaker"> {
  if (breaker === undefined) return {};
  const [firstPauseMs, longestPauseMs] = pauseOf(breaker.pause ?? "5s..2m")!;
  const { on = ["DependencyDown"] } = breaker;
  if (on.includes("*") && policy.retry.totalMs === undefined) {
    const why = "on: * counts no error as an attempt, so a message that never succeeds would be tried forever";
    context.problems.add(section.where("groups", group, "breaker", "on"), `${why}; set retry.total in its policy`);
  }
  return {
    breaker: {
      on,
      windowMs: parseDuration(breaker.window) ?? 30_000,
      failures: breaker.failures === undefined ? 0.5 : Number(breaker.failures),
      minimum: breaker.minimum === undefined ? 10 : Number(breaker.minimum),
      firstPauseMs,
      longestPauseMs,
    },
  };
}

function rateOf({ context, section, naming }: Resolving, group: string, { rate }: GroupInput): Pick<GroupPlan, "rate"> {
  if (rate === undefined) return {};
  const where = (key: string) => section.where("groups", group, "rate", key);
  if (rate.max === undefined) {
    context.problems.add(where("max"), "missing; set it to the most messages that may start within `per`");
    return {};
  }
  if (rate.key === "ordering-key" && !naming.ordered)
    context.problems.add(where("key"), `"${naming.channel}" has no ordering key; leave key out`);
  const { key } = rate;
  return {
    rate: { max: Number(rate.max), perMs: parseDuration(rate.per) ?? 1_000, ...(key === undefined ? {} : { key }) },
  };
}

function policyFor({ context, section, input, naming }: Resolving, group: string): NamedPolicy {
  const name = policyName(context, section, input, group);
  const policy = context.layers.policy(name);
  context.reportUnfilled(policy, "policies", ["default", name]);
  return { ...policyOf(policy.value as PolicyInput, naming.model), section: policy };
}

/** The name of a group's policy. If the policy does not exist, it is reported and `default` is returned. */
export function policyName(context: ResolveContext, section: Section, channel: ChannelInput, group: string): string {
  const own = channel.groups?.[group]?.policy;
  const name = own ?? channel.policy ?? "default";
  const known = [...new Set(["default", ...context.layers.names("policies")])];
  if (known.includes(name)) return name;
  const where = own === undefined ? section.where("policy") : section.where("groups", group, "policy");
  if (!context.excused("policies", name) && !context.unset(where)) {
    context.problems.add(
      where,
      `no policy ${context.quote(where, name)}; policies: ${listed(known)}.${didYouMean(name, known)}`,
    );
  }
  return "default";
}

function checkPolicy({ context, naming, connected, section }: Resolving, named: NamedPolicy, caps: Capabilities): void {
  const place = `a ${naming.model} on "${connected.name}"`;
  const { policy } = named;
  if (!caps.poisonSkip.includes(policy.exhausted)) {
    const can = caps.poisonSkip.map(configured);
    const where = named.section.empty ? section.where("policy") : named.section.where("deadLetter");
    context.problems.add(
      where,
      `${place} cannot ${verb(policy.exhausted)} a message that has used up its attempts; allowed: ${listed(can)}`,
    );
  }
  const waits = rulesOf(policy).map(longestWait);
  // On streams and ordered channels core waits in the process. Only other messages go back to the broker with a delay.
  const tooLong = naming.model === "stream" || naming.ordered || caps.retryDelayMs === 0 ? 0 : Math.max(...waits);
  if (tooLong > caps.retryDelayMs) {
    const most = formatDuration(caps.retryDelayMs);
    const where = named.section.where("retry", "max");
    context.problems.add(
      where,
      `attempts may be ${formatDuration(tooLong)} apart, but ${place} delays a retry by at most ${most}; lower max to ${most}`,
    );
  }
}

const configured = (what: Policy["exhausted"]) => (what === "deadLetter" ? "deadLetter: true" : `deadLetter: ${what}`);
const verb = (what: Policy["exhausted"]) => (what === "deadLetter" ? "dead-letter" : what);

function checkStart(
  { context, section, naming, connected }: Resolving,
  group: string,
  start: Position,
  caps: Capabilities,
): void {
  const kind = typeof start === "string" ? start : "time" in start ? "time" : "at";
  // Who pushes a stream keeps its position, and starts it.
  if (naming.model !== "stream" || caps.delivery === "pushed" || caps.replay.includes(kind)) return;
  const allowed = listed(caps.replay);
  context.problems.add(
    section.where("groups", group, "start"),
    `a stream on "${connected.name}" cannot start at ${kind}; allowed: ${allowed}`,
  );
}

function startOf({ start = "earliest" }: GroupInput): Position {
  if (typeof start === "string") return start;
  return "time" in start ? { time: epoch(start.time)! } : { at: start.at };
}

/** The types that the broker should deliver: those listed, or those that the known consumers handle. Undefined: all. */
function typesOf(
  { context, shape, section }: Resolving,
  group: string,
  { filter = false }: GroupInput,
): readonly string[] | undefined {
  if (filter === false) return undefined;
  const known = Object.keys(shape.messages);
  if (filter !== true) {
    for (const [at, type] of filter.entries()) {
      if (known.includes(type)) continue;
      const where = section.where("groups", group, "filter", String(at));
      context.problems.add(
        where,
        `"${shape.name}" has no message ${context.quote(where, type)}; messages: ${listed(known)}.${didYouMean(type, known)}`,
      );
    }
    return filter;
  }
  const mine = context.consumers.filter((consumer) => consumer.channel.name === shape.name && consumer.group === group);
  const handled = mine.flatMap((consumer) => (consumer.kind === "batch" ? ["*"] : wantedBy(consumer, known)));
  return mine.length === 0 || handled.includes("*") ? undefined : [...new Set(handled)].sort();
}

/** The types that a consumer needs. Ignored types are left out. A handler of `"*"` needs all types, including unknown ones. */
function wantedBy({ handlers }: ConsumerShape, known: readonly string[]): readonly string[] {
  const rest = handlers["*"];
  if (typeof rest === "function") return ["*"];
  return known.filter((type) => Object.hasOwn(handlers, type) && handlers[type] !== "ignore");
}
