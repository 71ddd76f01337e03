import * as sdk from "@aws-sdk/client-kinesis";
import { afterEach, expect, test, vi } from "vitest";
import type { PutEntry } from "./client.ts";
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
    await theirs.made.send(new sdk.PutRecordsCommand(input as sdk.PutRecordsCommandInput));
    expect(JSON.parse(ours.sent[0]!.body.toString())).toEqual(JSON.parse(theirs.sent[0]!.body.toString()));
    expect(ours.sent[0]).toMatchObject({ length: ours.sent[0]!.body.length, signed: true });
    expect(answer.Records).toEqual([{ SequenceNumber: "1", ShardId: "shardId-0" }]);
    expect(input.Records).toBe(RECORDS);
    expect(warned).not.toHaveBeenCalled();
  },
);

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
  expect(sent.map(({ body }) => (JSON.parse(body.toString()) as { Records: object[] }).Records.length)).toEqual([5, 5]);
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
