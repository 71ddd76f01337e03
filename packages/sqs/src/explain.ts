/** What `explain()` says of a queue's settings. */
import type { Destination } from "@switchyard/core/driver";
import { formatDuration } from "@switchyard/core/driver-kit";
import { DELAY_SUFFIX, settingsOf } from "./native.ts";

/** Requests of one delayed message, from its send to its deletion in the delay queue: send, receive, send, delete. */
const REQUESTS = 4;
/** Requests of one hop of at most twelve hours: receive, change of the visibility. */
const HOP_REQUESTS = 2;

export function explain(of: Destination): readonly string[] {
  const { hops } = settingsOf(of);
  if (hops === undefined) return [];
  const [above, longest] = [formatDuration(hops.aboveMs), formatDuration(hops.longestMs)];
  return [
    `delays from ${above} to ${longest} by hops: messages wait in ${of.name}${DELAY_SUFFIX} and the consumers of this group move them on, so they wait longer while none runs`,
    `requests of such a message: ${REQUESTS}, and ${HOP_REQUESTS} more for each 12h of its delay, so ${2 * HOP_REQUESTS} a day; one request can be for 10 messages. Each process polls the delay queue, with 4320 requests a day while it is empty`,
  ];
}
