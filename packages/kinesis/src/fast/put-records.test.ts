import { Readable } from "node:stream";
import * as sdk from "@aws-sdk/client-kinesis";
import { leanClient } from "@switchyard/aws-kit/fast";
import fc from "fast-check";
import { afterEach, expect, test, vi } from "vitest";
import { bodyCodecs } from "./bodies.ts";
import { asBytes, type PutEntry } from "../sdk.ts";

afterEach(() => void vi.unstubAllEnvs());

const ANSWER = '{"FailedRecordCount":0,"Records":[{"SequenceNumber":"1","ShardId":"shardId-0"}]}';

const bytes = (body: Uint8Array) => Buffer.from(body.buffer, body.byteOffset, body.byteLength);

function client(ours: boolean, answer = ANSWER) {
  vi.stubEnv("AWS_ACCESS_KEY_ID", "test");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "test");
  const sent: { readonly body: Buffer; readonly length: number; readonly signed: boolean }[] = [];
  const requestHandler = {
    handle: async ({ body, headers }: { body: Uint8Array; headers: Record<string, string> }) => {
      const length = Number(headers["content-length"]);
      sent.push({ body: bytes(body), length, signed: headers["authorization"] !== undefined });
      const said = Readable.from([Buffer.from(answer)], { objectMode: false });
      return { response: { statusCode: 200, headers: {}, body: said } };
    },
  };
  const settings = { region: "us-east-1", maxAttempts: 1, requestHandler };
  const made = ours
    ? leanClient(sdk as never, "KinesisClient", settings, bodyCodecs)
    : new sdk.KinesisClient(settings as unknown as sdk.KinesisClientConfig);
  const put = (input: object) =>
    made.send(new sdk.PutRecordsCommand(input as sdk.PutRecordsCommandInput) as never) as Promise<
      Record<string, unknown>
    >;
  return { made, put, sent };
}

const entry = (text: string | Uint8Array, PartitionKey: string): PutEntry => ({
  Data: typeof text === "string" ? Buffer.from(text) : text,
  PartitionKey,
});
const RECORDS = [
  entry("", "empty"),
  entry("a", "one"),
  entry("äö\u0000😀", 'a "key", \\ and ä😀'),
  { Data: 'text: äö\u0000😀 \ud800 "', PartitionKey: "text" },
  { Data: "", PartitionKey: "no text" },
  // A window into a larger buffer, and neither its start nor its end.
  entry(new Uint8Array([9, 1, 2, 255, 9]).subarray(1, 4), "bytes"),
  entry('"Records":[]', '"Records":[]'),
];

test.each([{ StreamName: "clicks" }, { StreamARN: "arn:aws:kinesis:us-east-1:000000000000:stream/clicks" }])(
  "PutRecords says what the SDK alone would say: %o",
  async (stream) => {
    const input = { ...stream, Records: RECORDS };
    const warned = vi.spyOn(console, "warn");
    const [ours, theirs] = [client(true), client(false)];
    const answer = await ours.put(input);
    // The SDK takes text for base64.
    await theirs.put({ ...stream, Records: RECORDS.map(asBytes) });
    expect(JSON.parse(ours.sent[0]!.body.toString())).toEqual(JSON.parse(theirs.sent[0]!.body.toString()));
    expect(ours.sent[0]).toMatchObject({ length: ours.sent[0]!.body.length, signed: true });
    expect(answer["Records"]).toEqual([{ SequenceNumber: "1", ShardId: "shardId-0" }]);
    expect(input.Records).toBe(RECORDS);
    expect(warned).not.toHaveBeenCalled();
  },
);

test("text that is not ASCII is found out wherever it stands", async () => {
  const text = fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.constantFrom("", "a", "é", "😀", "ab€"));
  const record = fc.record({ Data: text, PartitionKey: text });
  await fc.assert(
    fc.asyncProperty(fc.array(record, { minLength: 1, maxLength: 4 }), async (Records) => {
      const { put, sent } = client(true);
      await put({ StreamName: "a", Records });
      const of = (JSON.parse(sent[0]!.body.toString()) as { Records: { Data: string; PartitionKey: string }[] })
        .Records;
      expect(of.map(({ Data }) => Data)).toEqual(Records.map(({ Data }) => Buffer.from(Data).toString("base64")));
      expect(of.map(({ PartitionKey }) => PartitionKey.toWellFormed())).toEqual(
        Records.map(({ PartitionKey }) => PartitionKey.toWellFormed()),
      );
    }),
  );
});

test("what has another member, or is of another protocol, is the SDK's to write, and its text is bytes then", async () => {
  const { write, forSdk } = bodyCodecs["PutRecords"]!;
  const input = { StreamName: "clicks", Records: RECORDS };
  expect(write!(input, "{}")).toBeDefined();
  expect(write!(input, "{ }")).toBeUndefined();
  expect(write!({ ...input, StreamId: "s" }, "{}")).toBeUndefined();
  expect(forSdk!(input)).toEqual({ ...input, Records: RECORDS.map(asBytes) });

  const [ours, theirs] = [client(true), client(false)];
  await ours.put({ ...input, StreamId: "stream-00000000000000000000000001" });
  await theirs.put({ ...forSdk!(input), StreamId: "stream-00000000000000000000000001" });
  expect(JSON.parse(ours.sent[0]!.body.toString())).toEqual(JSON.parse(theirs.sent[0]!.body.toString()));
});

test("a client of an SDK that writes in another way says so: text would be taken for base64", () => {
  class Other extends sdk.KinesisClient {
    constructor(settings: sdk.KinesisClientConfig) {
      super(settings);
      Reflect.deleteProperty(this.config, "protocol");
    }
  }
  const settings = { region: "us-east-1" };
  expect(leanClient({ KinesisClient: Other } as never, "KinesisClient", settings, bodyCodecs).hasCodecs).toBe(false);
  expect(leanClient(sdk as never, "KinesisClient", settings, bodyCodecs).hasCodecs).toBe(true);
});

test("other calls are not touched", async () => {
  const { made, sent } = client(true);
  await made.send(new sdk.ListShardsCommand({ StreamName: "a" }) as never);
  expect(sent.map(({ body }) => body.toString())).toEqual(['{"StreamName":"a"}']);
});

const TAKEN = { SequenceNumber: "4964", ShardId: "shardId-000000000001" };
const REFUSED = { ErrorCode: "ProvisionedThroughputExceededException", ErrorMessage: "Rate exceeded for shard ä" };
test.each([
  { FailedRecordCount: 0, Records: [TAKEN, TAKEN], EncryptionType: "KMS" },
  { FailedRecordCount: 1, Records: [TAKEN, REFUSED] },
  { FailedRecordCount: 0, Records: [] },
  { FailedRecordCount: 0, Records: [TAKEN, { ...TAKEN, Unheard: "x" }] },
  { FailedRecordCount: 0, Records: [{ ...TAKEN, ErrorCode: null, ErrorMessage: null }] },
  { FailedRecordCount: 0, Records: [TAKEN, { SequenceNumber: "1", ShardId: 7 }] },
  { FailedRecordCount: 0, Records: [null] },
  { FailedRecordCount: 0 },
])("the answer of PutRecords is what the SDK alone would give: %#", async (answer) => {
  const told = async (ours: boolean) => {
    const { put } = client(ours, JSON.stringify(answer));
    const given = await put({ StreamName: "clicks", Records: [] }).catch(String);
    return typeof given === "string" ? given : { ...given, $metadata: undefined };
  };
  expect(await told(true)).toEqual(await told(false));
});

test("the usual answer is read here", () => {
  const { read } = bodyCodecs["PutRecords"]!;
  const answer = { FailedRecordCount: 1, Records: [TAKEN, REFUSED] };
  expect(read!(JSON.stringify(answer))).toEqual(answer);
  expect(read!(JSON.stringify({ ...answer, Records: [{ ...TAKEN, Unheard: "x" }] }))).toBeUndefined();
});
