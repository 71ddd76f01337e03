import type { Existing } from "@switchyard/core/driver";
import { formatDuration } from "@switchyard/core/driver-kit";
import { type Probe, queueDifferences } from "./topology/differences.ts";

/**
 * What a queue that somebody else made does to messages by itself. AMQP tells no arguments; a queue declared otherwise than it is
 * is refused, with what it has. Needs the right to configure; without it nothing is known, and nothing is said.
 *
 * Of what a broker's policy sets nothing can be seen here.
 */
export async function existingQueue(name: string, probe: Probe): Promise<Existing> {
  try {
    return existingOf(await argumentsOf(name, probe));
  } catch {
    return {};
  }
}

async function argumentsOf(name: string, probe: Probe): Promise<ReadonlyMap<string, string>> {
  const declared = async (given: Readonly<Record<string, string>>) => {
    const found = await queueDifferences({ kind: "queue", name, arguments: given, external: true }, probe);
    return new Map(found.map(({ attribute, is }) => [attribute, is]));
  };
  const found = await declared({ "x-queue-type": "quorum" });
  const type = found.get("x-queue-type");
  if (type === undefined) return found;
  return declared(type === "none" ? {} : { "x-queue-type": type });
}

function existingOf(its: ReadonlyMap<string, string>): Existing {
  const number = (name: string): number | undefined => {
    const value = Number(its.get(name));
    return Number.isFinite(value) && value >= 0 ? value : undefined;
  };
  const limit = number("x-delivery-limit");
  const retentionMs = number("x-message-ttl");
  const expiresMs = number("x-expires");
  const discards: string[] = [];
  const overflow = its.get("x-overflow") ?? "drop-head";
  for (const name of ["x-max-length", "x-max-length-bytes"]) {
    const most = number(name);
    if (most !== undefined && overflow === "drop-head")
      discards.push(
        `${name} is ${most} and x-overflow is drop-head, so that the broker drops the oldest messages when the queue is full; set x-overflow: reject-publish`,
      );
  }
  if (expiresMs !== undefined)
    discards.push(
      `x-expires is ${expiresMs}, so that the broker deletes the queue and its messages when nobody reads it for ${formatDuration(expiresMs)}; remove it`,
    );
  return {
    // The limit counts what comes back: one less than the times it is delivered.
    ...(limit === undefined ? {} : { deliveries: { count: limit + 1, setting: `x-delivery-limit ${limit}` } }),
    ...(retentionMs === undefined ? {} : { retentionMs }),
    ...(discards.length === 0 ? {} : { discards }),
  };
}
