/** Makes the printable form of the plan: plain data without secrets. */
import { jitterOf } from "../../plan/backoff.ts";
import type { Destination, Located } from "../../driver/index.ts";
import { formatDuration } from "../../api/duration.ts";
import type { ChannelPlan, ConnectionPlan, GroupPlan, RetryRule } from "../../plan/plan.ts";
import type { ChannelExplanation, Explanation, GroupExplanation } from "../../api/explanation.ts";
import type { ChannelShape } from "../../api/shapes.ts";
import { whyNotNative } from "../../plan/native-redrive.ts";
import { explainContent } from "./content.ts";
import { needsOf } from "./needs.ts";

interface Explaining {
  readonly service: string;
  readonly profile: string | undefined;
  readonly sources: readonly string[];
  readonly prefix: string | undefined;
  readonly connections: Readonly<Record<string, ConnectionPlan>>;
  readonly channels: Readonly<Record<string, ChannelPlan>>;
  readonly shapes: readonly ChannelShape[];
  readonly redact: (text: string) => string;
}

/** Makes the explanation when it is first asked for. Most services never ask, and may have thousands of channels. */
export class Explained {
  readonly #of: Explaining;
  #made: Explanation | undefined;

  constructor(of: Explaining) {
    this.#of = of;
  }

  get explanation(): Explanation {
    return (this.#made ??= explain(this.#of));
  }
}

function explain(of: Explaining): Explanation {
  const channels = of.shapes.flatMap((shape) => {
    const plan = of.channels[shape.name];
    return plan === undefined ? [] : [[shape.name, explainChannel(of, plan, shape)] as const];
  });
  return {
    service: of.service,
    profile: of.profile ?? null,
    sources: of.sources,
    prefix: of.redact(of.prefix ?? ""),
    connections: Object.fromEntries(
      Object.values(of.connections).map(({ name, adapter, options, provision }) => {
        const place = adapter.place?.(options);
        return [name, { use: adapter.name, provision, ...(place === undefined ? {} : { place: of.redact(place) }) }];
      }),
    ),
    channels: Object.fromEntries(channels),
  };
}

function explainChannel(of: Explaining, plan: ChannelPlan, shape: ChannelShape): ChannelExplanation {
  const { address, transport, partitionNames } = locateOn(of, plan.on, plan.to);
  return {
    model: plan.model,
    transport,
    connection: plan.on,
    form: address.endsWith(".fifo") ? "fifo" : plan.ordered ? "ordered" : "standard",
    address: of.redact(address),
    ...(partitionNames !== undefined && { partitionNames: partitionNames.map(of.redact) }),
    ...(plan.to.partitions !== undefined && { partitions: plan.to.partitions }),
    needs: needsOf(shape).map(({ text }) => text),
    groups: Object.fromEntries(Object.values(plan.groups).map((group) => [group.group, explainGroup(of, plan, group)])),
    capabilities: plan.capabilities,
    content: explainContent(plan),
    notPortable: nativeOf(plan),
  };
}

function explainGroup(of: Explaining, plan: ChannelPlan, group: GroupPlan): GroupExplanation {
  const { deadLetter, deadLetterOn = plan.on } = group;
  const { adapter, options } = of.connections[plan.on]!;
  const notes = adapter.explain?.(group.from, options) ?? [];
  const kept = of.connections[deadLetterOn]!;
  const dead = deadLetter && kept.adapter.capabilities(deadLetter, kept.options);
  return {
    address: of.redact(locateOn(of, plan.on, group.from).address),
    deadLetter: deadLetter === undefined ? null : of.redact(locateOn(of, deadLetterOn, deadLetter).address),
    concurrency: group.concurrency,
    maxInFlight: group.maxInFlight,
    hold: String(formatDuration(group.holdMs)),
    ...(group.from.runsOn !== undefined && { runsOn: group.from.runsOn }),
    retry: explainRetry(group.policy.retry),
    exhausted: group.policy.exhausted,
    editDeadLetters: group.editDeadLetters === true,
    nativeRedrive: whyNotNative(plan, group, dead) === undefined,
    ...(notes.length === 0 ? {} : { notes: notes.map(of.redact) }),
  };
}

function locateOn(of: Explaining, on: string, destination: Destination): Located & { readonly transport: string } {
  const { adapter, options } = of.connections[on]!;
  return { transport: adapter.name, ...adapter.locate(destination, options) };
}

/** A rule in words: `5 attempts, exponential from 1s to at most 5m, jitter adds up to 50%`. */
export function explainRetry(rule: RetryRule): string {
  const { attempts, backoff, firstMs, maxMs } = rule;
  if (attempts === 1) return "1 attempt";
  const waits =
    backoff === "constant"
      ? `${formatDuration(Math.min(firstMs, maxMs))} apart`
      : `${backoff} from ${formatDuration(firstMs)} to at most ${formatDuration(maxMs)}`;
  const jitter = Math.round(jitterOf(rule) * 100);
  return `${attempts} attempts, ${waits}${jitter === 0 ? "" : `, jitter adds up to ${jitter}%`}`;
}

function nativeOf({ to, groups, model }: ChannelPlan): string[] {
  const own = Object.keys(to.native).map((key) => `native.${key}`);
  if (model === "queue") return own;
  const theirs = Object.values(groups).flatMap(({ group, from }) =>
    Object.keys(from.native)
      .filter((key) => from.native[key] !== to.native[key])
      .map((key) => `groups.${group}.native.${key}`),
  );
  return [...own, ...theirs];
}
