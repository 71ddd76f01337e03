import { Readable } from "node:stream";
import * as sdk from "@aws-sdk/client-kinesis";
import fc from "fast-check";
import { afterEach, expect, test, vi } from "vitest";
import { readsRecords } from "./answer-body.ts";
import { asBytes, type PutEntry } from "./client.ts";
import { type MiddlewareStack, writesPuts } from "./put-body.ts";

afterEach(() => void vi.unstubAllEnvs());

const ANSWER = '{"FailedRecordCount":0,"Records":[{"SequenceNumber":"1","ShardId":"shardId-0"}]}';

const bytes = (body: Uint8Array) => Buffer.from(body.buffer, body.byteOffset, body.byteLength);

function client(ours: boolean, settings: object = {}) {
  vi.stubEnv("AWS_ACCESS_KEY_ID", "test");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "test");
  const sent: { readonly body: Buffer; readonly length: number; readonly signed: boolean }[] = [];
  const requestHandler = {
    handle: async ({ body, headers }: { body: Uint8Array; headers: Record<string, string> }) => {
      const length = Number(headers["content-length"]);
      sent.push({ body: bytes(body), length, signed: headers["authorization"] !== undefined });
      return { response: { statusCode: 200, headers: {}, body: Buffer.from(ANSWER) } };
    },
  };
  const made = new sdk.KinesisClient({ region: "us-east-1", requestHandler, ...settings } as sdk.KinesisClientConfig);
  if (ours) writesPuts(made.middlewareStack as unknown as MiddlewareStack);
  return { made, sent };
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
    const answer = await ours.made.send(new sdk.PutRecordsCommand(input as sdk.PutRecordsCommandInput));
    // The SDK takes text for base64.
    const plain = { ...stream, Records: RECORDS.map(asBytes) };
    await theirs.made.send(new sdk.PutRecordsCommand(plain as sdk.PutRecordsCommandInput));
    expect(JSON.parse(ours.sent[0]!.body.toString())).toEqual(JSON.parse(theirs.sent[0]!.body.toString()));
    expect(ours.sent[0]).toMatchObject({ length: ours.sent[0]!.body.length, signed: true });
    expect(answer.Records).toEqual([{ SequenceNumber: "1", ShardId: "shardId-0" }]);
    expect(input.Records).toBe(RECORDS);
    expect(warned).not.toHaveBeenCalled();
  },
);

test("text that is not ASCII is found out wherever it stands", async () => {
  const text = fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.constantFrom("", "a", "é", "😀", "ab€"));
  const record = fc.record({ Data: text, PartitionKey: text });
  await fc.assert(
    fc.asyncProperty(fc.array(record, { minLength: 1, maxLength: 4 }), async (Records) => {
      const { made, sent } = client(true);
      await made.send(new sdk.PutRecordsCommand({ StreamName: "a", Records: Records as [] }));
      const of = (JSON.parse(sent[0]!.body.toString()) as { Records: { Data: string; PartitionKey: string }[] })
        .Records;
      expect(of.map(({ Data }) => Data)).toEqual(Records.map(({ Data }) => Buffer.from(Data).toString("base64")));
      expect(of.map(({ PartitionKey }) => PartitionKey.toWellFormed())).toEqual(
        Records.map(({ PartitionKey }) => PartitionKey.toWellFormed()),
      );
    }),
  );
});

test("a body that is not the JSON expected is left to the SDK, from then on too", async () => {
  const { made, sent } = client(true);
  let written = 0;
  made.middlewareStack.add(
    (next) => async (args) => {
      written++;
      // Another protocol's, or another spelling.
      const request = args.request as { body: Uint8Array };
      request.body = Buffer.from(bytes(request.body).toString().replaceAll(":", " : "));
      return next(args);
    },
    { step: "serialize", priority: "low", name: "otherSpelling" },
  );
  for (let i = 0; i < 2; i++)
    await made.send(new sdk.PutRecordsCommand({ StreamName: "clicks", Records: RECORDS as [] }));
  expect(sent.map(({ body }) => (JSON.parse(body.toString()) as { Records: object[] }).Records.length)).toEqual([7, 7]);
  const data = ({ body }: { readonly body: Buffer }) =>
    (JSON.parse(body.toString()) as { Records: { Data: string }[] }).Records.map(({ Data }) => Data);
  const expected = RECORDS.map((record) => Buffer.from(asBytes(record).Data as Uint8Array).toString("base64"));
  expect(sent.map(data)).toEqual([expected, expected]);
  expect(written).toBe(3);
});

test("what fails fails once, and other calls are not touched", async () => {
  const { made, sent } = client(true, { maxAttempts: 1 });
  const failing = new Error("no network");
  made.middlewareStack.add(() => async () => Promise.reject(failing), { step: "finalizeRequest", name: "fails" });
  await expect(made.send(new sdk.PutRecordsCommand({ StreamName: "a", Records: RECORDS as [] }))).rejects.toBe(failing);
  made.middlewareStack.remove("fails");
  await made.send(new sdk.ListShardsCommand({ StreamName: "a" }));
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
  vi.stubEnv("AWS_ACCESS_KEY_ID", "test");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "test");
  const told = async (ours: boolean) => {
    const body = () => Readable.from([Buffer.from(JSON.stringify(answer))], { objectMode: false });
    const requestHandler = { handle: async () => ({ response: { statusCode: 200, headers: {}, body: body() } }) };
    const settings = { region: "us-east-1", maxAttempts: 1, requestHandler };
    const made = new sdk.KinesisClient(settings as unknown as sdk.KinesisClientConfig);
    if (ours) readsRecords(made.middlewareStack as unknown as MiddlewareStack);
    const given = await made.send(new sdk.PutRecordsCommand({ StreamName: "clicks", Records: [] })).catch(String);
    return typeof given === "string" ? given : { ...given, $metadata: undefined };
  };
  expect(await told(true)).toEqual(await told(false));
});
