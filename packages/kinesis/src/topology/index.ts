import { configOf, withErrorContext, type Sdk } from "@switchyard/aws-kit";
import type { Change, Runtime, Topology, TopologyPlan } from "@switchyard/core/driver";
import { fromFault, isMessagingError, MessagingError } from "@switchyard/core/driver-kit";
import type { Call, StreamRef } from "../sdk.ts";
import { openClients } from "../client.ts";
import { classify, isNamed } from "../errors.ts";
import { SECOND } from "../limits.ts";
import type { KinesisOptions } from "../options.ts";
import { describeStream, type Stream, streamWords } from "../resource.ts";
import { type DesiredStream, desiredStreams } from "./desired.ts";
import { differences } from "./differences.ts";
import { leaseTablesOf } from "./leases.ts";

interface State {
  readonly streams: readonly PlannedStream[];
  readonly leases: TopologyPlan;
}

/** One stream of a plan; plain data. */
interface PlannedStream {
  readonly desired: DesiredStream;
  readonly create: boolean;
  /** Which settings may be changed; what has become different since is left for the next plan. */
  readonly settings: readonly string[];
  readonly consumers: readonly string[];
  readonly tags: boolean;
}

/** How long a stream may take to be active again; making many shards takes minutes. */
const ACTIVE_MS = 15 * 60 * SECOND;

/** Streams, their settings and consumers, and the groups' lease tables. Needs rights to create, which the services need not have. */
export async function createTopology(options: KinesisOptions, sdk: Sdk, runtime: Runtime): Promise<Topology> {
  const clients = await openClients(options, sdk);
  const call = patient(withErrorContext(clients.call, configOf(clients.client), streamWords), runtime);
  const leases = await leaseTablesOf(options, runtime);

  async function active(ref: StreamRef, signal: AbortSignal): Promise<Stream> {
    const until = runtime.monotonic() + ACTIVE_MS;
    for (let ms = 50; ; ms = Math.min(ms * 2, 5 * SECOND)) {
      const stream = await find(ref, call, signal);
      if (stream?.status === "ACTIVE") return stream;
      signal.throwIfAborted();
      if (runtime.monotonic() > until)
        throw new MessagingError("stream-not-active", `the stream is still ${stream?.status ?? "missing"}`, {
          kind: "retryable",
        });
      await runtime.sleep(ms, signal);
    }
  }

  async function plan(desired: DesiredStream, signal: AbortSignal) {
    const stream = await find(desired.ref, call, signal);
    const changes: Change[] = [];
    const add = (action: Change["action"], resource: string, name: string, summary: string): void => {
      changes.push({ action, resource, name, summary });
    };
    const planned = { desired, create: false, settings: [] as string[], consumers: [] as string[], tags: false };
    if (stream === undefined) {
      if (desired.external) {
        add("drift", "stream", desired.name, "does not exist, and is not made because it was given by address");
        return { changes, planned };
      }
      planned.create = true;
      add("create", "stream", desired.name, creation(desired));
    } else if (!desired.external) {
      for (const { setting, action, summary } of differences(desired, stream)) {
        planned.settings.push(setting);
        add(action, "stream", desired.name, summary);
      }
      planned.tags = (await missingTags(desired, call, signal)) !== undefined;
      if (planned.tags) add("update", "stream", desired.name, "tags");
    } else {
      for (const { setting, summary } of differences(desired, stream))
        if (setting === "distribution") add("drift", "stream", desired.name, summary);
    }
    for (const name of desired.consumers) {
      if (stream !== undefined && (await consumerStatus(stream, name, call, signal)) !== undefined) continue;
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

  async function apply(planned: PlannedStream, destructive: boolean, signal: AbortSignal): Promise<void> {
    const { desired, create } = planned;
    if (create) await ignoring("ResourceInUseException", call("CreateStream", created(desired), signal));
    if (create || planned.settings.length + planned.consumers.length > 0) await active(desired.ref, signal);
    const allowed = (setting: string): boolean => create || planned.settings.includes(setting);
    if (!desired.external) {
      // A step may be one of several towards the same setting; the stream is looked at again after each.
      for (let steps = 0; steps < 40; steps++) {
        const step = differences(desired, await active(desired.ref, signal)).find(
          (each) => each.step !== undefined && allowed(each.setting) && (destructive || each.action !== "destructive"),
        )?.step;
        if (step === undefined) break;
        // Another process is at the same step.
        await ignoring("ResourceInUseException", step(call, signal));
      }
      const tags = create || planned.tags ? await missingTags(desired, call, signal) : undefined;
      if (tags !== undefined) await call("AddTagsToStream", { ...desired.ref, Tags: tags }, signal);
    }
    for (const name of planned.consumers) await register(desired.ref, name, signal);
  }

  async function register(ref: StreamRef, ConsumerName: string, signal: AbortSignal): Promise<void> {
    const stream = await active(ref, signal);
    await ignoring(
      "ResourceInUseException",
      call("RegisterStreamConsumer", { StreamARN: stream.arn, ConsumerName }, signal),
    );
    for (
      let ms = 50;
      (await consumerStatus(stream, ConsumerName, call, signal)) !== "ACTIVE";
      ms = Math.min(ms * 2, SECOND)
    ) {
      signal.throwIfAborted();
      await runtime.sleep(ms, signal);
    }
  }

  return {
    async plan(destinations, signal) {
      const found = await naming("plan", async () => {
        const streams = [];
        for (const desired of desiredStreams(destinations, options)) streams.push(await plan(desired, signal));
        return { streams, leases: await leases.plan(destinations, signal) };
      });
      const state: State = { streams: found.streams.map(({ planned }) => planned), leases: found.leases };
      return { changes: [...found.streams.flatMap(({ changes }) => changes), ...found.leases.changes], state };
    },
    async apply({ state }, signal, { destructive = false } = {}) {
      const { streams, leases: tables } = (state as State | undefined) ?? { streams: [], leases: { changes: [] } };
      for (const planned of streams)
        await naming(`apply "${planned.desired.name}"`, () => apply(planned, destructive, signal));
      await naming("apply the lease tables", () => leases.apply(tables, signal));
    },
    async destroy(destinations, signal) {
      await naming("destroy", async () => {
        for (const { ref, external } of desiredStreams(destinations, options)) {
          if (external) continue;
          await ignoring(
            "ResourceNotFoundException",
            call("DeleteStream", { ...ref, EnforceConsumerDeletion: true }, signal),
          );
          for (let ms = 50; (await find(ref, call, signal)) !== undefined; ms = Math.min(ms * 2, SECOND)) {
            signal.throwIfAborted();
            await runtime.sleep(ms, signal);
          }
        }
        await leases.destroy(destinations, signal);
      });
    },
    close: async () => {
      clients.close();
      await leases.close();
    },
  };
}

/** The calls that make and describe streams have quotas of a few a second for the whole account: what is refused for that is asked again. */
function patient(call: Call, runtime: Runtime): Call {
  return async (action, input, signal) => {
    for (let left = 8; ; left--) {
      try {
        return await call(action, input, signal);
      } catch (cause) {
        if (left === 0 || signal?.aborted === true || classify(cause, "topology").kind !== "throttled") throw cause;
        await runtime.sleep(SECOND / 2 + runtime.random() * SECOND, signal);
      }
    }
  };
}

function creation({ settings }: DesiredStream): string {
  const { mode, shards, retentionHours, kmsKey } = settings;
  const size = mode === "ON_DEMAND" ? "on demand" : `${shards} shards`;
  return `new stream: ${size}, kept ${retentionHours}h, ${kmsKey === undefined ? "not encrypted" : `encrypted with ${kmsKey}`}`;
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

async function find(ref: StreamRef, call: Call, signal: AbortSignal): Promise<Stream | undefined> {
  return describeStream(ref, call, signal).catch((cause: unknown) => {
    if (isNamed(cause, "ResourceNotFoundException")) return undefined;
    throw cause;
  });
}

async function consumerStatus(
  stream: Stream,
  ConsumerName: string,
  call: Call,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const found = await call("DescribeStreamConsumer", { StreamARN: stream.arn, ConsumerName }, signal);
    return found.ConsumerDescription?.ConsumerStatus;
  } catch (cause) {
    if (isNamed(cause, "ResourceNotFoundException")) return undefined;
    throw cause;
  }
}

/** The declared tags a stream lacks or has otherwise; undefined: none. Others' tags are theirs. */
async function missingTags(
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

async function ignoring(name: string, work: Promise<unknown>): Promise<void> {
  await work.catch((cause: unknown) => {
    if (!isNamed(cause, name)) throw cause;
  });
}

/** Topology has no connection to name its errors, so they are named here. */
async function naming<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw isMessagingError(cause) ? cause : fromFault(classify(cause, "topology"), `kinesis: ${doing}`, cause, {});
  }
}
