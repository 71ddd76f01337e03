import { fromFault, isMessagingError, type MessagingError } from "../../api/errors.ts";
import { needsPerson } from "../../base/troubles.ts";
import type { Phase } from "../../driver/index.ts";
import type { LeaseWork } from "./lease-work.ts";

type Call = "settle" | "extend" | "receive";

/** A call of a lease failed in a way that may pass: `health()` says so until it works again or is not asked for any more. */
export function troubled(work: LeaseWork, what: Call, cause: unknown): void {
  const { troubles, plan, channel } = work.host.context;
  const error = readable(work, what, cause);
  const text = `consumer "${plan.group}" of "${channel.channel}": ${error.message}`;
  // A call of each kind is due at least once a hold while there is work; a minute more for queues with little of it.
  troubles.note(`${what} ${work.lease.id}`, { text, needsPerson: needsPerson(error.kind) }, 3 * plan.holdMs + 60_000);
}

/** It works again. */
export function mended(work: LeaseWork, what: Call): void {
  work.host.context.troubles.clear(`${what} ${work.lease.id}`);
}

/** Raw errors quote hosts and addresses: events are for anybody. */
export function readable(work: LeaseWork, during: Phase, cause: unknown): MessagingError {
  if (isMessagingError(cause)) return cause;
  const { plan, channel, physicalName } = work.host.context;
  const errorContext = { channel: channel.channel, group: plan.group };
  return fromFault(work.classify(cause, during), `${during} on "${physicalName}"`, cause, errorContext);
}
