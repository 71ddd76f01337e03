/** What a stream has, compared with what it should have, setting by setting. */
import type { Change } from "@switchyard/core/driver";
import { formatDuration } from "@switchyard/core/driver-kit";
import type { Call } from "../sdk.ts";
import type { Stream } from "../resource.ts";
import type { DesiredStream } from "./desired.ts";

export interface Difference {
  /** Names the setting in a plan's state. */
  readonly setting: string;
  readonly action: Change["action"];
  readonly summary: string;
  /** One step towards the setting. The stream must be active again before the next. Absent: the difference is only shown. */
  step?(call: Call, signal: AbortSignal): Promise<unknown>;
}

const HOUR = 3_600_000;
const hours = (value: number): string => String(formatDuration(value * HOUR));

export function differences(desired: DesiredStream, stream: Stream): readonly Difference[] {
  return [
    ...spreading(desired, stream),
    ...mode(desired, stream),
    ...shards(desired, stream),
    ...retention(desired, stream),
    ...recordSize(desired, stream),
    ...encryption(desired, stream),
  ];
}

function spreading({ ordered }: DesiredStream, { spreads }: Stream): Difference[] {
  if (!ordered || !spreads) return [];
  const summary =
    "distribution: AUTO ignores partition keys, and the channel declares an orderingKey; set USER_PARTITION_KEY by hand";
  return [{ setting: "distribution", action: "drift", summary }];
}

function mode({ settings }: DesiredStream, stream: Stream): Difference[] {
  if (settings.mode === stream.mode) return [];
  const word = (value: string): string => value.toLowerCase().replace("_", " ");
  return [
    {
      setting: "mode",
      action: "update",
      summary: `mode: ${word(stream.mode)} becomes ${word(settings.mode)}; Kinesis allows two changes a day`,
      step: (call, signal) =>
        call("UpdateStreamMode", { StreamARN: stream.arn, StreamModeDetails: { StreamMode: settings.mode } }, signal),
    },
  ];
}

/** One step at most doubles or halves the number of shards, so a larger change takes several steps. */
function shards({ settings }: DesiredStream, stream: Stream): Difference[] {
  const wanted = settings.shards;
  const { openShards, ref } = stream;
  if (wanted === undefined || openShards === wanted) return [];
  const next = Math.max(Math.min(wanted, openShards * 2), Math.ceil(openShards / 2));
  return [
    {
      setting: "shards",
      action: "update",
      summary: `shards: ${openShards} become ${wanted}; a key may move to another shard, which is read only after its old shard was read to the end`,
      step: (call, signal) =>
        call("UpdateShardCount", { ...ref, TargetShardCount: next, ScalingType: "UNIFORM_SCALING" }, signal),
    },
  ];
}

function retention({ settings }: DesiredStream, { retentionMs, ref }: Stream): Difference[] {
  const [is, wanted] = [retentionMs / HOUR, settings.retentionHours];
  if (is === wanted) return [];
  const longer = wanted > is;
  return [
    {
      setting: "retention",
      action: longer ? "update" : "destructive",
      summary: `retention: ${hours(is)} becomes ${hours(wanted)}${longer ? "" : "; older records are deleted"}`,
      step: (call, signal) =>
        call(
          longer ? "IncreaseStreamRetentionPeriod" : "DecreaseStreamRetentionPeriod",
          { ...ref, RetentionPeriodHours: wanted },
          signal,
        ),
    },
  ];
}

function recordSize({ settings }: DesiredStream, stream: Stream): Difference[] {
  const is = stream.maxRecordBytes / 1_024;
  if (is === settings.maxRecordKiB) return [];
  return [
    {
      setting: "largest record",
      action: "update",
      summary: `largest record: ${is} KiB becomes ${settings.maxRecordKiB} KiB`,
      step: (call, signal) =>
        call("UpdateMaxRecordSize", { StreamARN: stream.arn, MaxRecordSizeInKiB: settings.maxRecordKiB }, signal),
    },
  ];
}

function encryption({ settings }: DesiredStream, { kmsKey: is, ref }: Stream): Difference[] {
  const wanted = settings.kmsKey;
  if (is === wanted || (is !== undefined && wanted !== undefined && sameKey(is, wanted))) return [];
  if (wanted === undefined)
    return [
      {
        setting: "encryption",
        action: "destructive",
        summary: `encryption: ${is || "a KMS key"} becomes none; leave native.encryption out to keep it`,
        step: (call, signal) =>
          call("StopStreamEncryption", { ...ref, EncryptionType: "KMS", KeyId: is ?? "" }, signal),
      },
    ];
  return [
    {
      setting: "encryption",
      action: "update",
      summary: `encryption: ${is === undefined ? "none" : is || "another KMS key"} becomes the KMS key ${wanted}`,
      step: (call, signal) => call("StartStreamEncryption", { ...ref, EncryptionType: "KMS", KeyId: wanted }, signal),
    },
  ];
}

/** Kinesis returns the key as it was given, or as its ARN. */
function sameKey(is: string, wanted: string): boolean {
  return is.endsWith(`/${wanted}`) || is.endsWith(`:${wanted}`);
}

/** The declared tags that are absent or differ. Undefined: none. Tags that are not declared are left alone. */
export async function missingTags(
  { ref, settings }: DesiredStream,
  call: Call,
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>> | undefined> {
  if (settings.tags === undefined) return undefined;
  const { Tags = [] } = await call("ListTagsForStream", ref, signal);
  const has = new Map(Tags.map(({ Key, Value }) => [Key, Value ?? ""]));
  const missing = Object.entries(settings.tags).filter(([key, value]) => has.get(key) !== value);
  return missing.length === 0 ? undefined : Object.fromEntries(missing);
}
