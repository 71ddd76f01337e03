import { fromFault, isMessagingError, type MessagingError } from "../../api/errors.ts";
import { needsPerson } from "../../base/troubles.ts";
import type { Phase } from "../../driver/index.ts";
import type { LeaseWork } from "./lease-work.ts";

type Call = "settle" | "extend" | "receive";

/** Reports a transient failure of a call in `health()`, until the call succeeds or is not made any more. */
export function troubled(work: LeaseWork, what: Call, cause: unknown): void {
  const { troubles, plan, channel } = work.host.context;
  const error = readable(work, what, cause);
  const text = `consumer "${plan.group}" of "${channel.channel}": ${error.message}`;
  // While there is work, each kind of call is made at least once per hold. The extra minute is for queues with little work.
  troubles.note(`${what} ${work.lease.id}`, { text, needsPerson: needsPerson(error.kind) }, 3 * plan.holdMs + 60_000);
}

/** Clears the report: the call has succeeded. */
export function cleared(work: LeaseWork, what: Call): void {
  work.host.context.troubles.clear(`${what} ${work.lease.id}`);
}

/** Makes an error fit for events: raw errors quote hosts and addresses. */
export function readable(work: LeaseWork, during: Phase, cause: unknown): MessagingError {
  if (isMessagingError(cause)) return cause;
  const { plan, channel, physicalName } = work.host.context;
  const errorContext = { channel: channel.channel, group: plan.group };
  return fromFault(work.classify(cause, during), `${during} on "${physicalName}"`, cause, errorContext);
}
