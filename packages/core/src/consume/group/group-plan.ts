import { MessagingError } from "../../api/errors.ts";
import { channelOf, groupOf } from "../../plan/find-plan.ts";
import { tooFewInFlight } from "../../plan/least-in-flight.ts";
import type { ChannelPlan, GroupPlan, Plan } from "../../plan/plan.ts";
import type { ConsumerShape } from "../../api/shapes.ts";
import { milliseconds } from "../../api/duration.ts";

/** Checks a consumer against the plan and applies its options over the group's. */
export function groupPlanFor(
  plan: Plan,
  consumer: ConsumerShape,
): { readonly channel: ChannelPlan; readonly group: GroupPlan } {
  const channel = channelOf(plan, consumer.channel.name, consumer.group);
  const group = groupOf(channel, consumer.group);
  const ignoresAll = consumer.handlers["*"] === "ignore";
  if (ignoresAll && channel.model === "queue" && consumer.options.discard !== true) {
    const text = `"*": "ignore" on a queue discards messages, and no other group gets them: handle them, or set \`discard: true\``;
    throw new MessagingError("would-discard", text, {
      kind: "config",
      channel: channel.channel,
      group: group.group,
    });
  }
  return { channel, group: withOptions(group, consumer) };
}

function withOptions(group: GroupPlan, consumer: ConsumerShape): GroupPlan {
  const { concurrency, maxInFlight, maxInFlightBytes, batch } = consumer.options;
  const size = batch?.size ?? group.batch.size;
  const waitMs = batch?.wait === undefined ? group.batch.waitMs : milliseconds(batch.wait, "batch.wait");
  const perKey = batch?.perKey ?? group.batch.perKey;
  const running = concurrency ?? group.concurrency;
  // The default limit must leave room for a full batch.
  const atLeast = consumer.kind === "batch" ? size : 1;
  const inFlight = maxInFlight ?? Math.max(group.maxInFlight, concurrency === undefined ? 0 : 2 * concurrency, atLeast);
  if (consumer.kind === "batch" && inFlight < size) {
    const text = `maxInFlight is ${inFlight}, less than a batch of ${size}, so a batch could never be full; raise maxInFlight or lower batch.size`;
    throw new MessagingError("bad-option", text, {
      kind: "config",
      channel: consumer.channel.name,
      group: consumer.group,
    });
  }
  const least = group.capabilities.minInFlight ?? 1;
  if (inFlight < least) {
    throw new MessagingError("bad-option", tooFewInFlight(inFlight, least), {
      kind: "config",
      channel: consumer.channel.name,
      group: consumer.group,
    });
  }
  // Most consumers set nothing, and there may be thousands of them.
  if (
    batch === undefined &&
    maxInFlightBytes === undefined &&
    concurrency === undefined &&
    inFlight === group.maxInFlight
  )
    return group;
  return {
    ...group,
    concurrency: running,
    maxInFlight: inFlight,
    maxInFlightBytes: maxInFlightBytes ?? group.maxInFlightBytes,
    batch: { size, waitMs, ...(perKey === undefined ? {} : { perKey }) },
  };
}
