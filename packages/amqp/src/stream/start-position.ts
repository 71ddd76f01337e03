/** The position at which a group begins in each partition of a stream. It is stored before the first lease is taken. */
import type { Position, Runtime } from "@switchyard/core/driver";
import { MessagingError } from "@switchyard/core/driver-kit";
import type { Checkpoint, LeaseStore } from "@switchyard/leases";
import type { Link } from "../client/link.ts";
import { lastOffset } from "./last-offset.ts";
import type { StreamGroup } from "../options.ts";

/** The position of a record: `partition:offset`. */
export const positionOf = (partition: number, offset: number): string => `${partition}:${offset}`;

const settledTo = (offset: number | undefined): Checkpoint =>
  offset === undefined || offset < 0 ? "TRIM_HORIZON" : { sequence: String(offset) };

/** A checkpoint for each partition. Undefined leaves a partition where it is. */
export async function checkpointsFor(
  to: Position,
  queues: readonly string[],
  link: Link,
  runtime: Runtime,
  signal: AbortSignal,
): Promise<readonly (Checkpoint | undefined)[]> {
  if (to === "earliest") return queues.map(() => "TRIM_HORIZON");
  if (to === "latest")
    return Promise.all(queues.map(async (queue) => settledTo(await lastOffset(queue, link, runtime, signal))));
  if ("time" in to) return queues.map(() => ({ time: to.time }));
  const [partition, offset] = to.at.split(":").map(Number);
  if (!Number.isSafeInteger(partition) || !Number.isSafeInteger(offset) || queues[partition!] === undefined) {
    throw new MessagingError(
      "bad-position",
      `"${to.at}" is not a position of this stream; use a value of delivery.position`,
      { kind: "config" },
    );
  }
  return queues.map((_, at) => (at === partition ? settledTo(offset! - 1) : undefined));
}

/** Stores the rows of a new group, with its first checkpoints. Several workers may do it at once: the first one counts. */
export async function storeStart(
  store: LeaseStore,
  names: StreamGroup,
  queues: readonly string[],
  from: (signal: AbortSignal) => Promise<readonly (Checkpoint | undefined)[]>,
  signal: AbortSignal,
): Promise<void> {
  const { group } = await store.load(signal);
  if (group !== undefined) return;
  const checkpoints = await from(signal);
  const rows = queues.map((key, at) => ({
    key,
    parents: [],
    checkpoint: checkpoints[at] ?? ("TRIM_HORIZON" as const),
  }));
  await store.insert(rows, signal);
  await store.begin({ group: names.group, stream: names.stream, start: "TRIM_HORIZON", complete: true }, signal);
}
