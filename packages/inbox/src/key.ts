/** What identifies a message for an inbox: its group, and its source and id. */
import { createHash } from "node:crypto";
import type { AnyDelivery } from "@switchyard/core";

/** A message of a group. All parts are well-formed text without NUL. */
export interface MessageKey {
  /** The channel and the group: `orders/billing`. */
  readonly group: string;
  readonly source: string;
  readonly id: string;
}

/** The source of messages that Switchyard did not publish, and of their copies. */
const FOREIGN = "foreign";
/** Longer than every id that anybody chooses on purpose. PostgreSQL cannot index much longer ones, nor DynamoDB. */
const MOST = 200;
const HASHED = "sha256:";

export const groupKey = (channel: string, group: string): string => `${channel}/${group}`;

/**
 * The key of a delivery. Another producer may give one id to several messages, so the key of a foreign message has its fingerprint, too:
 * skipping a message that was never handled would be a loss.
 */
export function keyOf(delivery: AnyDelivery): MessageKey {
  const { channel, group, source, id } = delivery;
  const foreign = delivery.foreign || source === FOREIGN;
  return {
    group: groupKey(channel, group),
    source: storable(source),
    id: storable(foreign ? `${id} ${delivery.fingerprint}` : id),
  };
}

/** The text, or a hash of it if a store could not keep it as it is. */
function storable(text: string): string {
  if (text.length <= MOST && text.isWellFormed() && !text.includes("\0") && !text.startsWith(HASHED)) return text;
  return HASHED + createHash("sha256").update(JSON.stringify(text)).digest("base64url");
}

/** One text for stores that keep a message under one name. */
export const nameOf = ({ source, id }: MessageKey): string => JSON.stringify([source, id]);
