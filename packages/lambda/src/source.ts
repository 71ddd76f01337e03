import { lambdaSettings, type LambdaSettings } from "@switchyard/aws-kit";
import { excerpt, MessagingError } from "@switchyard/core/driver-kit";
import type { PushedGroup } from "@switchyard/core/push";
import type { KinesisOptions } from "@switchyard/kinesis";
import { isStreamOf } from "@switchyard/kinesis/push";
import { isQueueOf } from "@switchyard/sns/push";
import type { SourceEvent } from "./event.ts";

/** A group that this function handles, as the ARN of an event finds it. */
export interface Source {
  readonly group: PushedGroup;
  readonly settings: LambdaSettings;
}

export const sourceOf = (group: PushedGroup): Source => ({ group, settings: lambdaSettings(group.context.plan.from) });

/**
 * The source of an event.
 *
 * @throws MessagingError `unknown-source` if no consumer of this function reads it, with what it could be; `ambiguous-source` if several do.
 */
export function sourceFor(sources: readonly Source[], event: Pick<SourceEvent, "from" | "arn">): Source {
  const found = sources.filter(({ group }) => isFrom(group, event));
  if (found.length === 1) return found[0]!;
  if (found.length > 1) {
    const names = found.map(({ group }) => nameOf(group)).join(" and ");
    const text = `an event of ${event.arn} could be for ${names}; give each group a function of its own, or say region and account of their connections`;
    throw new MessagingError("ambiguous-source", text, { kind: "config" });
  }
  throw unknownSource(sources, event);
}

function unknownSource(sources: readonly Source[], { arn }: Pick<SourceEvent, "arn">): MessagingError {
  const dead = sources.find(({ group }) => isDead(group, arn));
  const known = sources.map(({ group }) => `${group.context.physicalName} (${nameOf(group)})`).join(", ");
  const why =
    dead === undefined
      ? `no consumer of this function reads it; it reads ${known}`
      : `it is the dead-letter queue of ${nameOf(dead.group)}, which no consumer reads; remove the event source mapping, and use deadLetters() to look and to redrive`;
  return new MessagingError("unknown-source", `an event of ${excerpt(arn)}: ${why}`, { kind: "config" });
}

function isFrom(group: PushedGroup, { from, arn }: Pick<SourceEvent, "from" | "arn">): boolean {
  const { plan, channel } = group.context;
  if (group.adapter.name === "memory") return arn.endsWith(`:${group.address}`) || arn.endsWith(`/${group.address}`);
  if (channel.model !== "stream") return from === "queue" && isQueueOf(plan.from, group.options as object, arn);
  return from === "stream" && isStreamOf(plan.from, streamOptions(group), arn);
}

/** The options of streams: in a connection of `aws` they are under `kinesis`. */
export function streamOptions({ adapter, options }: PushedGroup): KinesisOptions {
  if (adapter.name !== "aws") return options as KinesisOptions;
  const { region, kinesis } = options as { readonly region?: string; readonly kinesis?: KinesisOptions };
  return { ...(region === undefined ? {} : { region }), ...kinesis };
}

function isDead({ context: { plan }, adapter, options }: PushedGroup, arn: string): boolean {
  return (
    plan.deadLetter !== undefined && adapter.name !== "memory" && isQueueOf(plan.deadLetter, options as object, arn)
  );
}

const nameOf = ({ context: { channel, plan } }: PushedGroup): string => `group "${plan.group}" of "${channel.channel}"`;
