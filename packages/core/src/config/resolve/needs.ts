/** Compares what a channel's code needs with what a transport keeps. */
import type { Capabilities, Model } from "../../driver/index.ts";
import { formatDuration, parseDuration } from "../../api/duration.ts";
import type { ChannelShape } from "../../api/shapes.ts";
import { type Connected, type Connections, keeps } from "./connections.ts";
import { listed } from "../../base/suggest.ts";

export interface Need {
  /** The need in words, as in `explain()` and errors: `delay 15m`. */
  readonly text: string;
  /** Whether the need concerns publishing or receiving. */
  readonly side: "publish" | "receive" | "both";
  kept(caps: Capabilities): boolean;
  /** The transport's limit, if the need is a number. */
  limit?(caps: Capabilities): string | undefined;
}

export function needsOf(shape: ChannelShape): Need[] {
  const needs: Need[] = [];
  // The need `encryption` is kept by the configuration, not by a transport. See content.ts.
  const { delay, fairness, replay, messageBytes } = shape.needs;
  if (shape.orderingKey !== undefined)
    needs.push({ text: "ordering", side: "both", kept: (caps) => caps.ordering !== "none" });
  if (delay !== undefined) {
    const ms = parseDuration(delay) ?? 0;
    needs.push({
      text: `delay ${formatDuration(ms)}`,
      side: "publish",
      kept: (caps) => caps.delayedPublishMs >= ms,
      limit: (caps) => (caps.delayedPublishMs > 0 ? formatDuration(caps.delayedPublishMs).toString() : undefined),
    });
  }
  if (fairness) needs.push({ text: "fairness", side: "publish", kept: (caps) => caps.fairness });
  if (replay) needs.push({ text: "replay", side: "receive", kept: (caps) => caps.replay.length > 0 });
  if (messageBytes !== undefined) {
    needs.push({
      text: `messageBytes ${messageBytes}`,
      side: "both",
      kept: (caps) => caps.maxMessageBytes >= messageBytes,
      limit: (caps) => `${caps.maxMessageBytes} bytes`,
    });
  }
  return needs;
}

export interface Choice {
  readonly channel: string;
  readonly model: Model;
  readonly on: string;
  readonly ordered: boolean;
}

/** The error for needs that are not kept. It says so where the ordering key alone stands in the way. Undefined if all are kept. */
export function unkept(
  choice: Choice,
  needs: readonly Need[],
  side: "publish" | "receive",
  caps: Capabilities,
  connected: Connected,
): string | undefined {
  const failed = needs.filter((need) => (need.side === side || need.side === "both") && !need.kept(caps));
  if (failed.length === 0) return undefined;
  const plain = choice.ordered ? wouldKeep(connected, { ...choice, ordered: false }) : undefined;
  const told = failed.map((need) => {
    const limit = need.limit?.(caps);
    const cannot = limit === undefined ? "cannot keep it" : `keeps at most ${limit}`;
    const because = need.text !== "ordering" && plain !== undefined && need.kept(plain) ? " with an ordering key" : "";
    return `"${choice.channel}" needs ${need.text}; a ${choice.model} on "${choice.on}" ${cannot}${because}`;
  });
  return told.join(". ");
}

/** Says which configured connections and models would keep the needs. */
export async function alternatives(
  choice: Choice,
  needs: readonly Need[],
  connections: Connections,
  models: readonly Model[] = ["queue", "pubsub", "stream"],
): Promise<string> {
  const names = [choice.on, ...connections.names().filter((name) => name !== choice.on)];
  const found: string[] = [];
  for (const name of names) {
    const connected = await connections.peek(name);
    if (connected === undefined) continue;
    for (const model of models) {
      if (name === choice.on && model === choice.model) continue;
      const caps = wouldKeep(connected, { ...choice, model });
      if (caps !== undefined && needs.every((need) => need.kept(caps))) found.push(`a ${model} on "${name}"`);
    }
  }
  return found.length === 0 ? "No configured connection supports it" : `Supported by: ${listed(found)}`;
}

function wouldKeep(connected: Connected, { channel, model, ordered }: Choice): Capabilities | undefined {
  const base = { channel, base: channel, name: channel, model, ordered, native: {} };
  const caps = keeps({ ...connected, valid: false }, model === "queue" ? { ...base, group: "group" } : base);
  return caps === "unknown" ? undefined : caps;
}
