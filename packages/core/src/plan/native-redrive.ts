/** Whether a group's dead letters can be moved by the broker itself. */
import type { Capabilities } from "../driver/index.ts";
import type { ChannelPlan, GroupPlan } from "./plan.ts";

/** Why they cannot. Undefined: they can. `capabilities`: what the adapter declares of the dead-letter destination. */
export function whyNotNative(
  channel: Pick<ChannelPlan, "model" | "on" | "content">,
  { from, deadLetter, deadLetterOn = channel.on }: Pick<GroupPlan, "from" | "deadLetter" | "deadLetterOn">,
  capabilities: Capabilities | undefined,
): string | undefined {
  if (deadLetter?.dead !== true || deadLetter.address !== undefined || deadLetterOn !== channel.on)
    return "their queue may hold those of other groups, which would be moved, too";
  if (channel.model === "stream") return "the group reads a stream, and they did not come from a queue";
  if (from.ordered) return "on a FIFO queue, deduplication may swallow letters that are moved within five minutes";
  if (channel.content?.claimCheck !== undefined)
    return "the broker cannot prolong the life of bodies that are stored elsewhere, so they could be gone first";
  return capabilities?.moveAll === true
    ? undefined
    : "the transport cannot move all letters by itself; SQS standard queues can";
}
