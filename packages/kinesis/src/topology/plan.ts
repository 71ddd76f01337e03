import type { Change } from "@switchyard/core/driver";
import type { PlannedStream } from "./apply.ts";
import { consumerStatus, find, type TopologyContext } from "./context.ts";
import type { DesiredStream } from "./desired.ts";
import { differences, missingTags } from "./differences.ts";

/** Compares one stream and its consumers with what they should be. */
export async function planStream(
  desired: DesiredStream,
  context: TopologyContext,
): Promise<{ readonly changes: readonly Change[]; readonly planned: PlannedStream }> {
  const stream = await find(desired.ref, context);
  const changes: Change[] = [];
  const add = (action: Change["action"], resource: string, name: string, summary: string): void => {
    changes.push({ action, resource, name, summary });
  };
  const planned = { desired, create: false, settings: [] as string[], consumers: [] as string[], tags: false };
  if (stream === undefined) {
    if (desired.external) {
      add("drift", "stream", desired.name, "does not exist, and is not created because it was given by address");
      return { changes, planned };
    }
    planned.create = true;
    add("create", "stream", desired.name, creation(desired));
  } else if (!desired.external) {
    for (const { setting, action, summary } of differences(desired, stream)) {
      planned.settings.push(setting);
      add(action, "stream", desired.name, summary);
    }
    planned.tags = (await missingTags(desired, context.call, context.signal)) !== undefined;
    if (planned.tags) add("update", "stream", desired.name, "tags");
  } else {
    for (const { setting, summary } of differences(desired, stream))
      if (setting === "distribution") add("drift", "stream", desired.name, summary);
  }
  for (const name of desired.consumers) {
    if (stream !== undefined && (await consumerStatus(stream, name, context)) !== undefined) continue;
    planned.consumers.push(name);
    add(
      "create",
      "consumer",
      name,
      `of ${desired.name}, for enhanced fan-out: billed by the hour and shard, and by the byte`,
    );
  }
  return { changes, planned };
}

function creation({ settings }: DesiredStream): string {
  const { mode, shards, retentionHours, kmsKey } = settings;
  const size = mode === "ON_DEMAND" ? "on demand" : `${shards} shards`;
  return `new stream: ${size}, kept ${retentionHours}h, ${kmsKey === undefined ? "not encrypted" : `encrypted with ${kmsKey}`}`;
}
