import { nearest } from "../../base/suggest.ts";
import { MessagingError } from "../../api/errors.ts";
import { tooFewInFlight } from "../../plan/least-in-flight.ts";
import type { ChannelPlan, GroupPlan, Plan } from "../../plan/plan.ts";
import type { ConsumerShape } from "../../api/shapes.ts";
import { milliseconds } from "../../api/duration.ts";

/** Checks a consumer against the plan and applies its options over the group's. */
export function groupPlanFor(
  plan: Plan,
  consumer: ConsumerShape,
): { readonly channel: ChannelPlan; readonly group: GroupPlan } {
  const errorContext = { channel: consumer.channel.name, group: consumer.group, kind: "config" } as const;
  const channel = plan.channels[consumer.channel.name];
  if (channel === undefined) {
    const text = `channel "${consumer.channel.name}" was not given to connect(); add it to \`channels\``;
    throw new MessagingError("unknown-channel", text, errorContext);
  }
  const group = Object.hasOwn(channel.groups, consumer.group) ? channel.groups[consumer.group] : undefined;
  if (group === undefined) {
    const listed = Object.keys(channel.groups);
    const near = nearest(consumer.group, listed);
    const hint = near === undefined ? "" : `; did you mean "${near}"?`;
    const text = `group "${consumer.group}" is not listed at channels.${channel.channel}.groups (${listed.join(", ")})${hint}; list it in the configuration, where publishers and the plan see it too`;
    throw new MessagingError("unlisted-group", text, errorContext);
  }
  const ignoresAll = consumer.handlers["*"] === "ignore";
  if (ignoresAll && channel.model === "queue" && consumer.options.discard !== true) {
    const text = `"*": "ignore" on a queue throws messages away for everyone: handle them, or say \`discard: true\``;
    throw new MessagingError("would-discard", text, errorContext);
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
    const text = `maxInFlight is ${inFlight}, less than a batch of ${size}: it could never be full; raise it or lower batch.size`;
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
  return {
    ...group,
    concurrency: running,
    maxInFlight: inFlight,
    maxInFlightBytes: maxInFlightBytes ?? group.maxInFlightBytes,
    batch: { size, waitMs, ...(perKey === undefined ? {} : { perKey }) },
  };
}
