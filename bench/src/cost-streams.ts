import type { RowResult } from "./run-row.ts";
import { figure } from "./table.ts";

/** Amazon SNS, us-east-1, list price of a million requests to a standard topic, beyond the free first million; hand-overs to SQS are free (aws.amazon.com/sns/pricing). */
const SNS = 0.5;
/** Amazon Kinesis, us-east-1, list price of a million PUT payload units of 25 KB, provisioned; requests themselves are not billed (aws.amazon.com/kinesis/data-streams/pricing). */
const PUT_UNITS = 0.014;

const TOPICS: readonly (readonly [way: string, contender: string])[] = [
  ["one call a message", "raw, one call a message"],
  ["`@message-queue-toolkit/sns`", "@message-queue-toolkit/sns"],
  ["the SDK by hand, batches of ten", "raw, batches of ten"],
  ["switchyard", "switchyard"],
];

const STREAMS: readonly (readonly [way: string, put: string, get: string])[] = [
  ["one PutRecord a message, a loop a shard", "raw, one PutRecord a message", "raw, a loop a shard, 1,000 a call"],
  ["`lifion-kinesis`", "lifion-kinesis, putRecords of 500", "lifion-kinesis"],
  ["the SDK by hand, PutRecords of 500", "raw, PutRecords of 500", "raw, a loop a shard, 1,000 a call"],
  ["switchyard", "switchyard", "switchyard"],
];

/** Of a million messages; undefined where the row was not run. */
function requests(results: readonly RowResult[], id: string, name: string): number | undefined {
  const contender = results.find((row) => row.id === id)?.contenders.find((each) => each.name === name);
  const thousand = contender?.values["requests"];
  return thousand === undefined ? undefined : thousand * 1_000;
}

export function snsCost(results: readonly RowResult[]): string[] {
  const lines = TOPICS.flatMap(([way, name]) => {
    const sent = requests(results, "sns-publish", name);
    return sent === undefined ? [] : [`| ${way} | ${figure(sent)} | $${((sent / 1e6) * SNS).toFixed(2)} |`];
  });
  return lines.length === 0 ? [] : ["| | publish | standard topic |", "|---|---|---|", ...lines];
}

export function kinesisCost(results: readonly RowResult[]): string[] {
  const lines = STREAMS.flatMap(([way, put, get]) => {
    const [sent, got] = [requests(results, "kinesis-put", put), requests(results, "kinesis-consume", get)];
    if (sent === undefined || got === undefined) return [];
    return [`| ${way} | ${figure(sent)} | ${figure(got)} | $${PUT_UNITS.toFixed(3)} |`];
  });
  return lines.length === 0 ? [] : ["| | put | get | PUT payload units |", "|---|---|---|---|", ...lines];
}
