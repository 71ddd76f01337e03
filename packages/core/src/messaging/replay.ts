import type { Connection, Position, Runtime } from "../driver/index.ts";
import { retried } from "./retried.ts";
import { fromFault, MessagingError } from "../api/errors.ts";
import type { ReplayOptions } from "../api/messaging.ts";
import type { ReplayFrom } from "../api/replay-from.ts";
import type { AttachedInbox } from "../api/middleware.ts";
import { guarded } from "../base/guarded.ts";
import type { GroupPlan } from "../plan/plan.ts";

export interface Replay {
  readonly connection: Connection;
  readonly group: GroupPlan;
  readonly from: ReplayFrom;
  /** What the middleware of the group's consumer in this process remembers. */
  readonly inboxes: readonly AttachedInbox[];
  readonly inbox: ReplayOptions["inbox"];
  readonly progress: ReplayOptions["progress"];
  readonly errorContext: { readonly channel: string; readonly group: string };
  readonly closed: AbortSignal;
  readonly runtime: Runtime;
}

/** Moves a group's stored position. */
export async function replay(options: Replay): Promise<void> {
  const { connection, group, from, inboxes, inbox, progress, errorContext, closed, runtime } = options;
  if (group.from.runsOn !== undefined && group.from.model === "stream") {
    const text = `group "${errorContext.group}" of "${errorContext.channel}" runs on ${group.from.runsOn}, which keeps its position: move it there (Lambda: a new event source mapping with StartingPosition)`;
    throw new MessagingError("replay-unsupported", text, { kind: "config", ...errorContext });
  }
  const to = positionOf(from, errorContext);
  const kind = typeof to === "string" ? to : "time" in to ? "time" : "at";
  if (connection.seek === undefined || !group.capabilities.replay.includes(kind)) {
    const can = group.capabilities.replay.join(", ");
    const text = `"${errorContext.channel}" cannot be replayed from ${kind}: ${can === "" ? "its transport keeps no positions; a stream does" : `its transport can from ${can}`}`;
    throw new MessagingError("replay-unsupported", text, { kind: "config", ...errorContext });
  }
  checkInbox(inbox, inboxes.length > 0, errorContext);
  // Before the group is moved: what it gets again must not find its old marks.
  if (inbox === "forget") for (const each of inboxes) await each.forget();
  // One that throws must not leave some partitions behind.
  const moved = progress && guarded("progress", progress);
  const once = () =>
    connection.seek!(group.from, to, closed, moved).catch((cause: unknown) => {
      closed.throwIfAborted();
      throw fromFault(connection.classify(cause, "open"), `replay of "${errorContext.channel}"`, cause, errorContext);
    });
  await retried(runtime, closed, once);
}

function checkInbox(inbox: ReplayOptions["inbox"], has: boolean, errorContext: Replay["errorContext"]): void {
  const named = `group "${errorContext.group}" of "${errorContext.channel}"`;
  const refuse = (code: string, text: string) =>
    new MessagingError(code, `replay: ${text}`, { kind: "config", ...errorContext });
  if (inbox !== undefined && inbox !== "keep" && inbox !== "forget")
    throw refuse("bad-option", 'inbox must be "keep" or "forget"');
  if (has && inbox === undefined)
    throw refuse(
      "inbox-undecided",
      `${named} has an inbox, which skips messages that it has handled; pass inbox: "keep" to skip them, or "forget" to handle them again`,
    );
  if (!has && inbox === "forget")
    throw refuse(
      "inbox-unknown",
      `no consumer of ${named} with an inbox is registered in this process: call consume() with it first; it need not be started`,
    );
}

function positionOf(from: ReplayFrom, errorContext: { readonly channel: string; readonly group: string }): Position {
  if (typeof from === "string" || "at" in from) return from;
  const time = Number(from.time);
  if (Number.isFinite(time)) return { time };
  throw new MessagingError("bad-position", "replay: time is not a valid date", { kind: "config", ...errorContext });
}
