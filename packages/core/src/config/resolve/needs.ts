/** What a channel's code declares, against what a transport keeps. */
import type { Capabilities, Model } from "../../driver/index.ts";
import { formatDuration, parseDuration } from "../../api/duration.ts";
import type { ChannelShape } from "../../api/shapes.ts";
import { type Connected, type Connections, keeps } from "./connections.ts";
import { listed } from "../../base/suggest.ts";

export interface Need {
  /** As `explain()` and errors print it: `delay 15m`. */
  readonly text: string;
  /** Kept when publishing, or when receiving. */
  readonly side: "publish" | "receive" | "both";
  kept(by: Capabilities): boolean;
  /** What there is instead, where it is a number. */
  limit?(by: Capabilities): string | undefined;
}

export function needsOf(shape: ChannelShape): Need[] {
  const needs: Need[] = [];
  const { delay, fairness, replay, messageBytes } = shape.needs;
  if (shape.orderingKey !== undefined)
    needs.push({ text: "ordering", side: "both", kept: (by) => by.ordering !== "none" });
  if (delay !== undefined) {
    const ms = parseDuration(delay) ?? 0;
    needs.push({
      text: `delay ${formatDuration(ms)}`,
      side: "publish",
      kept: (by) => by.delayedPublishMs >= ms,
      limit: (by) => (by.delayedPublishMs > 0 ? formatDuration(by.delayedPublishMs).toString() : undefined),
    });
  }
  if (fairness) needs.push({ text: "fairness", side: "publish", kept: (by) => by.fairness });
  if (replay) needs.push({ text: "replay", side: "receive", kept: (by) => by.replay.length > 0 });
  if (messageBytes !== undefined) {
    needs.push({
      text: `messageBytes ${messageBytes}`,
      side: "both",
      kept: (by) => by.maxMessageBytes >= messageBytes,
      limit: (by) => `${by.maxMessageBytes} bytes`,
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

/** The refusal of unkept needs; undefined where all are kept. */
export function unkept(
  choice: Choice,
  needs: readonly Need[],
  side: "publish" | "receive",
  by: Capabilities,
): string | undefined {
  const failed = needs.filter((need) => (need.side === side || need.side === "both") && !need.kept(by));
  if (failed.length === 0) return undefined;
  const told = failed.map((need) => {
    const limit = need.limit?.(by);
    return `"${choice.channel}" needs ${need.text}; a ${choice.model} on "${choice.on}" ${limit === undefined ? "cannot keep it" : `keeps at most ${limit}`}`;
  });
  return told.join(". ");
}

/** Which configured connections and models would keep them. */
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
      const by = wouldKeep(connected, { ...choice, model });
      if (by !== undefined && needs.every((need) => need.kept(by))) found.push(`a ${model} on "${name}"`);
    }
  }
  return found.length === 0 ? "No configured connection would do" : `These would do: ${listed(found)}`;
}

function wouldKeep(connected: Connected, { channel, model, ordered }: Choice): Capabilities | undefined {
  const base = { channel, base: channel, name: channel, model, ordered, native: {} };
  const by = keeps({ ...connected, valid: false }, model === "queue" ? { ...base, group: "group" } : base);
  return by === "unknown" ? undefined : by;
}
