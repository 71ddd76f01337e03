import { SECOND } from "../limits.ts";
import type { StreamRef } from "../sdk.ts";
import { active, consumerStatus, ignoring, type TopologyContext } from "./context.ts";
import type { DesiredStream } from "./desired.ts";
import { differences, missingTags } from "./differences.ts";

/** One stream of a plan, as plain data. */
export interface PlannedStream {
  readonly desired: DesiredStream;
  readonly create: boolean;
  /** Which settings may be changed; what changed after the plan is left for the next one. */
  readonly settings: readonly string[];
  readonly consumers: readonly string[];
  readonly tags: boolean;
}

export async function applyStream(
  planned: PlannedStream,
  destructive: boolean,
  context: TopologyContext,
): Promise<void> {
  const { call, signal } = context;
  const { desired, create } = planned;
  if (create) await ignoring("ResourceInUseException", call("CreateStream", created(desired), signal));
  if (create || planned.settings.length + planned.consumers.length > 0) await active(desired.ref, context);
  const allowed = (setting: string): boolean => create || planned.settings.includes(setting);
  if (!desired.external) {
    // A setting may need several steps. After each step the stream is described again.
    for (let steps = 0; steps < 40; steps++) {
      const step = differences(desired, await active(desired.ref, context)).find(
        (each) => each.step !== undefined && allowed(each.setting) && (destructive || each.action !== "destructive"),
      )?.step;
      if (step === undefined) break;
      // Another process is at the same step.
      await ignoring("ResourceInUseException", step(call, signal));
    }
    const tags = create || planned.tags ? await missingTags(desired, call, signal) : undefined;
    if (tags !== undefined) await call("AddTagsToStream", { ...desired.ref, Tags: tags }, signal);
  }
  for (const name of planned.consumers) await register(desired.ref, name, context);
}

async function register(ref: StreamRef, ConsumerName: string, context: TopologyContext): Promise<void> {
  const { call, runtime, signal } = context;
  const stream = await active(ref, context);
  await ignoring(
    "ResourceInUseException",
    call("RegisterStreamConsumer", { StreamARN: stream.arn, ConsumerName }, signal),
  );
  for (let ms = 50; (await consumerStatus(stream, ConsumerName, context)) !== "ACTIVE"; ms = Math.min(ms * 2, SECOND)) {
    signal.throwIfAborted();
    await runtime.sleep(ms, signal);
  }
}

function created({ name, settings }: DesiredStream) {
  const { mode, shards, maxRecordKiB, tags } = settings;
  return {
    StreamName: name,
    StreamModeDetails: { StreamMode: mode },
    ...(shards === undefined ? {} : { ShardCount: shards }),
    ...(maxRecordKiB === 1_024 ? {} : { MaxRecordSizeInKiB: maxRecordKiB }),
    ...(tags === undefined ? {} : { Tags: tags }),
  };
}
