import type { Destination, Runtime, SenderDriver, Sent, WireMessage } from "@switchyard/core/driver";
import { within } from "@switchyard/core/driver-kit";
import { capabilitiesOf } from "./capabilities.ts";
import type { Call, PutEntry, PutResult } from "./sdk.ts";
import { RecordError } from "./errors.ts";
import { DESCRIBE_MS, SECOND, THROTTLED_MS } from "./limits.ts";
import { md5 as systemMd5, type Md5 } from "./md5.ts";
import { ShardMap } from "./shard-map.ts";
import { ShardQuota } from "./shard-quota.ts";
import { listShards, openStream } from "./resource.ts";
import { countedKeys, refusal, sizeOf } from "./message.ts";

const THROTTLED = "ProvisionedThroughputExceededException";

/**
 * Sends by PutRecords, which keeps no order within a request and may store any part of it. Core has at most one unresolved record for
 * each key, so no request has two, and sends again what was not stored.
 */
export async function createSender(
  of: Destination,
  call: Call,
  runtime: Runtime,
  signal: AbortSignal,
  md5: Md5 = systemMd5,
): Promise<SenderDriver> {
  const stream = await openStream(of, call, signal);
  const quota = new ShardQuota(runtime);
  const nextKey = countedKeys(runtime.random());
  const closing = new AbortController();
  let known: ShardMap | undefined;
  let listing: Promise<ShardMap> | undefined;
  let knownUntil = runtime.monotonic() + DESCRIBE_MS;

  /**
   * The map of shards. It is fetched when a shard first refuses a record, and again when it is out of date. Without the right to list
   * shards there is no back-off by shard. Undefined if the listing takes too long, because results that Kinesis has returned must not wait.
   */
  async function shards(signal: AbortSignal): Promise<ShardMap | undefined> {
    listing ??= listShards(stream.ref, call, closing.signal)
      .then(
        (list) => new ShardMap(list, md5),
        () => new ShardMap([], md5),
      )
      .then((map) => (known = map));
    return within(runtime, SECOND, listing, signal);
  }

  function forget(): void {
    known = undefined;
    listing = undefined;
  }

  /** Checks again that the stream distributes records by key, because that setting can be changed at any time. */
  async function recheck(): Promise<void> {
    if (!of.ordered || runtime.monotonic() < knownUntil) return;
    knownUntil = runtime.monotonic() + DESCRIBE_MS;
    await openStream(of, call, closing.signal);
  }

  async function send(batch: readonly WireMessage[], abort: AbortSignal): Promise<readonly Sent[]> {
    const { length } = batch;
    const results = new Array<Sent>(length);
    const entries: PutEntry[] = [];
    /** For each entry, its index in the batch. */
    const places: number[] = [];
    await recheck();
    const map = known;
    for (let index = 0; index < length; index++) {
      const message = batch[index] as WireMessage;
      const cause = refusal(message, stream.maxRecordBytes);
      if (cause !== undefined) {
        results[index] = { cause };
        continue;
      }
      const PartitionKey = message.key ?? nextKey();
      const shard = map?.shardOf(PartitionKey);
      const wait = shard === undefined ? 0 : quota.waitFor(shard);
      if (wait > 0) {
        results[index] = { cause: new RecordError(THROTTLED, `not sent: ${shard} is over its quota`, wait) };
        continue;
      }
      entries.push({ Data: message.body, PartitionKey });
      places.push(index);
    }
    if (entries.length === 0) return results;
    const { Records = [] } = await call("PutRecords", { ...stream.ref, Records: entries }, abort);
    const refused = Records.some(({ ErrorCode }) => ErrorCode === THROTTLED);
    const current = refused ? (known ?? (await shards(abort))) : map;
    for (let at = 0; at < entries.length; at++)
      results[places[at] as number] = answer(Records[at], entries[at] as PutEntry, current);
    return results;
  }

  function answer(result: PutResult | undefined, entry: PutEntry, map: ShardMap | undefined): Sent {
    const shard = map?.shardOf(entry.PartitionKey);
    if (result?.SequenceNumber) {
      const stored = result.ShardId ?? shard ?? "";
      // The map is older than the last split or merge.
      if (shard !== undefined && stored !== shard) forget();
      quota.accepted(stored);
      return { id: result.SequenceNumber, position: `${stored}:${result.SequenceNumber}` };
    }
    if (result?.ErrorCode === undefined)
      return { cause: new RecordError("NoAnswer", "Kinesis's reply has no result for this record") };
    const text = result.ErrorMessage ?? "Kinesis did not take this record";
    if (result.ErrorCode !== THROTTLED) return { cause: new RecordError(result.ErrorCode, text) };
    return { cause: new RecordError(THROTTLED, text, shard === undefined ? THROTTLED_MS : quota.refused(shard)) };
  }

  return {
    capabilities: capabilitiesOf(of.ordered, stream),
    encryptedAtRest: stream.kmsKey !== undefined,
    size: sizeOf,
    send,
    close: async () => closing.abort(),
  };
}
