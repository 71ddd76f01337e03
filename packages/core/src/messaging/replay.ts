import type { Connection, Position, Runtime } from "../driver/index.ts";
import { retried } from "./retried.ts";
import { fromFault, MessagingError } from "../api/errors.ts";
import type { ReplayFrom } from "../api/messaging.ts";
import type { GroupPlan } from "../plan/plan.ts";

/** Moves a group's stored position. */
export async function replay(
  connection: Connection,
  { from: destination, capabilities }: GroupPlan,
  from: ReplayFrom,
  errorContext: { readonly channel: string; readonly group: string },
  closed: AbortSignal,
  runtime: Runtime,
): Promise<void> {
  if (destination.runsOn !== undefined && destination.model === "stream") {
    const text = `group "${errorContext.group}" of "${errorContext.channel}" runs on ${destination.runsOn}, which keeps its position: move it there (Lambda: a new event source mapping with StartingPosition)`;
    throw new MessagingError("replay-unsupported", text, { kind: "config", ...errorContext });
  }
  const to = positionOf(from, errorContext);
  const kind = typeof to === "string" ? to : "time" in to ? "time" : "at";
  if (connection.seek === undefined || !capabilities.replay.includes(kind)) {
    const can = capabilities.replay.join(", ");
    const text = `"${errorContext.channel}" cannot be replayed from ${kind}: ${can === "" ? "its transport keeps no positions; a stream does" : `its transport can from ${can}`}`;
    throw new MessagingError("replay-unsupported", text, { kind: "config", ...errorContext });
  }
  const once = () =>
    connection.seek!(destination, to, closed).catch((cause: unknown) => {
      closed.throwIfAborted();
      throw fromFault(connection.classify(cause, "open"), `replay of "${errorContext.channel}"`, cause, errorContext);
    });
  await retried(runtime, closed, once);
}

function positionOf(from: ReplayFrom, errorContext: { readonly channel: string; readonly group: string }): Position {
  if (typeof from === "string" || "at" in from) return from;
  const time = Number(from.time);
  if (Number.isFinite(time)) return { time };
  throw new MessagingError("bad-position", "replay: time is not a valid date", { kind: "config", ...errorContext });
}
