import { Readable } from "node:stream";
import * as sdk from "@aws-sdk/client-kinesis";
import type { ClientLike } from "@switchyard/aws-kit";
import { leanClient } from "@switchyard/aws-kit/fast";
import { afterEach, expect, test, vi } from "vitest";
import { bodyCodecs } from "./bodies.ts";

afterEach(() => void vi.unstubAllEnvs());

type Chunks = () => Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

function client(ours: boolean, statusCode: number, chunks: Chunks) {
  vi.stubEnv("AWS_ACCESS_KEY_ID", "test");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "test");
  const body = () => Readable.from(chunks(), { objectMode: false });
  const requestHandler = { handle: async () => ({ response: { statusCode, headers: {}, body: body() } }) };
  const settings = { region: "us-east-1", maxAttempts: 1, requestHandler };
  const made = ours
    ? leanClient(sdk as never, "KinesisClient", settings, bodyCodecs)
    : (new sdk.KinesisClient(settings as unknown as sdk.KinesisClientConfig) as ClientLike);
  return (command: object) => made.send(command as never) as Promise<Record<string, unknown>>;
}
const GET = () => new sdk.GetRecordsCommand({ ShardIterator: "a" });

/** In pieces that fall anywhere, within a character too. */
function pieces(text: string): Uint8Array[] {
  const bytes = Buffer.from(text);
  return Array.from({ length: Math.ceil(bytes.length / 7) }, (_, i) => bytes.subarray(i * 7, i * 7 + 7));
}

const record = (more: object = {}) => ({
  SequenceNumber: "49640000000000000000000000000000000000001",
  ApproximateArrivalTimestamp: 1_700_000_000.123,
  Data: Buffer.from("hällo 😀").toString("base64"),
  PartitionKey: 'ä "key"',
  ...more,
});
const answer = (Records: unknown, more: object = {}) =>
  JSON.stringify({ Records, NextShardIterator: "next", MillisBehindLatest: 7, ...more });

/** What `GetRecords` gives, without what every answer is told beside it; or how it fails. */
async function both(text: string, status = 200) {
  const outcome = (ours: boolean) =>
    client(ours, status, () => pieces(text))(GET()).then(
      ({ $metadata: _, ...output }) => ({ output }),
      (error: Error) => ({ name: error.name, message: error.message }),
    );
  const read = bodyCodecs["GetRecords"]!.read!(text) !== undefined;
  return { ours: await outcome(true), theirs: await outcome(false), read };
}

test.each([
  ["nothing", "{}"],
  ["no records", answer([])],
  ["records", answer([record(), record({ Data: "" }), record({ Data: "/+8=" }), record({ Data: "AA==" })])],
  ["encrypted ones", answer([record({ EncryptionType: "KMS" }), record()])],
])("%s: what the SDK alone would give, read here", async (_, text) => {
  const { ours, theirs, read } = await both(text);
  expect(ours).toEqual(theirs);
  expect(ours).toHaveProperty("output");
  expect(read).toBe(true);
});

test("data is plain bytes, as the SDK's", async () => {
  const { Records } = await client(true, 200, () => pieces(answer([record()])))(GET());
  expect(Object.getPrototypeOf((Records as [{ Data: object }])[0].Data)).toBe(Uint8Array.prototype);
});

test.each([
  [
    "the shard's end",
    answer([record()], { NextShardIterator: null, ChildShards: [{ ShardId: "b", ParentShards: [] }] }),
  ],
  ["a member that is not known", answer([record({ Checksum: "x" })])],
  ["a member that is missing", answer([record({ PartitionKey: undefined })])],
  ["a null", answer([record({ ApproximateArrivalTimestamp: null })])],
  ["a time as text", answer([record(), record({ ApproximateArrivalTimestamp: "1700000000.5" })])],
  ["what is no base64", answer([record({ Data: "a-_*" })])],
  ["base64 without its padding", answer([record({ Data: "AAA" })])],
  ["a record that is none", answer([null])],
  ["records that are none", answer("x")],
  ["no JSON", "<html>"],
  ["an empty body", ""],
])("%s: left to the SDK", async (_, text) => {
  const { ours, theirs, read } = await both(text);
  expect(ours).toEqual(theirs);
  expect(read).toBe(false);
});

test("a failure is the SDK's to read", async () => {
  const { ours, theirs } = await both('{"__type":"ExpiredIteratorException","message":"too old"}', 400);
  expect(ours).toEqual(theirs);
  expect(ours).toMatchObject({ name: "ExpiredIteratorException" });
});

test("an answer cut short fails with what cut it", async () => {
  const cut = Object.assign(new Error("aborted"), { code: "ECONNRESET" });
  const chunks = async function* () {
    yield Buffer.from('{"Records":[');
    throw cut;
  };
  await expect(client(true, 200, chunks)(GET())).rejects.toBe(cut);
});

test("other calls are not touched", async () => {
  const list = client(true, 200, () => pieces('{"Shards":[]}'));
  expect((await list(new sdk.ListShardsCommand({ StreamName: "a" })))["Shards"]).toEqual([]);
});
