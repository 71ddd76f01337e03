/**
 * Kinesis that does nothing but answer, in Kinesis's own JSON protocol: what is put is counted and forgotten; what is read are
 * copies of the last record put to that stream, as many as were asked for and are ready, shared evenly by its shards.
 */
import { count, serve } from "./null-http.ts";

const SHARDS = 4;
const HASHES = 2n ** 128n;
/** GetRecords gives so much at most. */
const MOST = 10_000;
const MOST_BYTES = 10 * 1_024 * 1_024;

interface Shard {
  ready: number;
  sequence: number;
}

class NullStream {
  /** Of the last record, as it came: `"Data":"..."` and its partition key. */
  data = '"Data":"e30="';
  key = '"PartitionKey":"0"';
  readonly shards: readonly Shard[] = Array.from({ length: SHARDS }, () => ({ ready: 0, sequence: 0 }));
}

const streams = new Map<string, NullStream>();
let puts = 0;

function streamOf(name: string): NullStream {
  let stream = streams.get(name);
  if (stream === undefined) streams.set(name, (stream = new NullStream()));
  return stream;
}

const shardId = (index: number): string => `shardId-${String(index).padStart(12, "0")}`;
const sequence = (number: number): string =>
  `4964000000000000000000000000000000000000${String(number).padStart(12, "0")}`;
const arn = (name: string): string => `arn:aws:kinesis:us-east-1:000000000000:stream/${name}`;

const NAME = /"StreamName":"([^"]*)"/;
const DATA = /"Data":"[^"]*"/g;
const KEY = /"PartitionKey":"[^"]*"/;

/** A request is looked at, not parsed: a parser's time would be the null server's own. */
function put(body: string, single: boolean): string {
  const stream = streamOf(NAME.exec(body)?.[1] ?? "");
  const all = body.match(DATA) ?? [];
  stream.data = all[0] ?? stream.data;
  stream.key = KEY.exec(body)?.[0] ?? stream.key;
  const each = all.map(() => `{"SequenceNumber":"${sequence(++puts)}","ShardId":"${shardId(puts % SHARDS)}"}`);
  return single ? (each[0] as string) : `{"FailedRecordCount":0,"Records":[${each.join(",")}]}`;
}

function get(body: string): string {
  const { ShardIterator, Limit = MOST } = JSON.parse(body) as { ShardIterator: string; Limit?: number };
  const [name = "", index] = ShardIterator.split("/");
  const stream = streamOf(name);
  const shard = stream.shards[Number(index)] as Shard;
  const fits = Math.max(1, Math.floor(MOST_BYTES / stream.data.length));
  const taken = Math.min(shard.ready, Limit, fits);
  if (taken === 0) count("GetRecords, empty");
  shard.ready -= taken;
  const tail = `","ApproximateArrivalTimestamp":${Date.now() / 1_000},${stream.data},${stream.key}}`;
  let records = "";
  for (let i = 0; i < taken; i++)
    records += `${i === 0 ? "" : ","}{"SequenceNumber":"${sequence(++shard.sequence)}${tail}`;
  return `{"Records":[${records}],"NextShardIterator":"${ShardIterator}","MillisBehindLatest":0}`;
}

function summary(body: string): object {
  const name = NAME.exec(body)?.[1] ?? "";
  return {
    StreamName: name,
    StreamARN: arn(name),
    StreamStatus: "ACTIVE",
    StreamModeDetails: { StreamMode: "PROVISIONED" },
    RetentionPeriodHours: 24,
    StreamCreationTimestamp: 1_700_000_000,
    EnhancedMonitoring: [],
    EncryptionType: "NONE",
    OpenShardCount: SHARDS,
    HasMoreShards: false,
    Shards: shards(),
  };
}

function shards(): object[] {
  const share = HASHES / BigInt(SHARDS);
  return Array.from({ length: SHARDS }, (_, i) => ({
    ShardId: shardId(i),
    HashKeyRange: { StartingHashKey: String(share * BigInt(i)), EndingHashKey: String(share * BigInt(i + 1) - 1n) },
    SequenceNumberRange: { StartingSequenceNumber: sequence(0) },
  }));
}

function answer(action: string, body: string): string {
  switch (action) {
    case "PutRecords":
      return put(body, false);
    case "PutRecord":
      return put(body, true);
    case "GetRecords":
      return get(body);
    case "GetShardIterator": {
      const { StreamName = "", ShardId = "" } = JSON.parse(body) as { StreamName?: string; ShardId?: string };
      return JSON.stringify({ ShardIterator: `${StreamName}/${Number(ShardId.split("-")[1])}` });
    }
    case "ListShards":
      return JSON.stringify({ Shards: shards() });
    case "DescribeStream":
      return JSON.stringify({ StreamDescription: summary(body) });
    case "DescribeStreamSummary":
      return JSON.stringify({ StreamDescriptionSummary: summary(body) });
    default:
      return "{}";
  }
}

serve({
  contentType: "application/x-amz-json-1.1",
  answer,
  give: (name, messages) => {
    for (const shard of streamOf(name).shards) shard.ready += Math.ceil(messages / SHARDS);
  },
});
