import { Readable } from "node:stream";
import * as sdk from "@aws-sdk/client-sqs";
import { leanClient } from "@switchyard/aws-kit/fast";
import { afterEach, expect, test, vi } from "vitest";
import { bodyCodecs } from "./bodies.ts";

afterEach(() => void vi.unstubAllEnvs());

interface Sent {
  readonly body: string;
  readonly headers: Record<string, string>;
}
interface Answer {
  readonly statusCode: number;
  readonly headers?: Record<string, string>;
  readonly body: () => Readable;
}

const says = (body: string, statusCode = 200, headers = {}): Answer => ({
  statusCode,
  headers: { "x-amzn-requestid": "r-1", ...headers },
  body: () => Readable.from([Buffer.from(body)], { objectMode: false }),
});

function clients(answer: Answer) {
  vi.stubEnv("AWS_ACCESS_KEY_ID", "test");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "test");
  const make = (ours: boolean) => {
    const sent: Sent[] = [];
    const requestHandler = {
      handle: async ({ body, headers }: Sent) => {
        sent.push({ body: Buffer.from(body).toString(), headers });
        return { response: { ...answer, body: answer.body() } };
      },
    };
    const settings = {
      region: "us-east-1",
      endpoint: "http://127.0.0.1:1",
      maxAttempts: 1,
      md5: false,
      requestHandler,
    };
    const client = ours
      ? leanClient(sdk as never, "SQSClient", settings, bodyCodecs)
      : new sdk.SQSClient(settings as never);
    const send = (action: string, input: object): Promise<unknown> =>
      client.send(new (sdk as never as Record<string, new (of: object) => never>)[`${action}Command`]!(input));
    return { sent, send };
  };
  return [make(true), make(false)] as const;
}

const QueueUrl = "http://127.0.0.1:1/000000000000/jobs";
const HARD = 'ä😀 "quoted" \\ \u0000 \u2028 \ud800';
const INPUTS: readonly (readonly [string, object])[] = [
  [
    "SendMessageBatch",
    {
      QueueUrl,
      Entries: [
        {
          Id: "0",
          MessageBody: HARD,
          DelaySeconds: 0,
          MessageAttributes: { n: { DataType: "Number", StringValue: "1" } },
        },
        { Id: "1", MessageBody: "", MessageGroupId: "g", MessageDeduplicationId: "d" },
        {
          Id: "2",
          MessageBody: "b",
          MessageAttributes: { b: { DataType: "Binary", BinaryValue: Buffer.from([0, 255]) } },
        },
      ],
    },
  ],
  ["SendMessageBatch", { QueueUrl, Entries: [{ Id: "0", MessageBody: "a", DelaySeconds: undefined }] }],
  ["ReceiveMessage", { QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 20, MessageAttributeNames: ["All"] }],
  ["DeleteMessageBatch", { QueueUrl, Entries: [{ Id: "0", ReceiptHandle: HARD }] }],
  ["ChangeMessageVisibilityBatch", { QueueUrl, Entries: [{ Id: "0", ReceiptHandle: "r", VisibilityTimeout: 0 }] }],
  ["GetQueueUrl", { QueueName: "jobs" }],
];

test.each(INPUTS)("%s asks for what the SDK alone would ask for: %#", async (action, input) => {
  const [ours, theirs] = clients(says("{}"));
  await Promise.all([ours.send(action, input), theirs.send(action, input)]);
  const [mine, its] = [ours.sent[0]!, theirs.sent[0]!];
  expect(JSON.parse(mine.body)).toEqual(JSON.parse(its.body));
  expect(Number(mine.headers["content-length"])).toBe(Buffer.byteLength(mine.body));
  expect(mine.headers["authorization"]).toContain("AWS4-HMAC-SHA256 Credential=test/");
  const names = (headers: object) => Object.keys(headers).toSorted();
  expect(names(mine.headers)).toEqual(names(its.headers));
});

const MESSAGE = {
  MessageId: "m",
  ReceiptHandle: "r",
  Body: HARD.slice(0, -1),
  Attributes: { ApproximateReceiveCount: "1", SentTimestamp: "1700000000000" },
  MessageAttributes: { id: { DataType: "String", StringValue: "ä" } },
};
const ANSWERS: readonly (readonly [string, unknown])[] = [
  ["ReceiveMessage", {}],
  ["ReceiveMessage", { Messages: [] }],
  ["ReceiveMessage", { Messages: [MESSAGE, { ...MESSAGE, MD5OfBody: "x" }] }],
  [
    "ReceiveMessage",
    { Messages: [{ ...MESSAGE, MessageAttributes: { b: { DataType: "Binary", BinaryValue: "AP8=" } } }, MESSAGE] },
  ],
  ["ReceiveMessage", { Messages: [{ ...MESSAGE, Unheard: 1 }] }],
  ["ReceiveMessage", { Messages: null }],
  ["SendMessageBatch", { Successful: [{ Id: "0", MessageId: "m", MD5OfMessageBody: "x", SequenceNumber: "1" }] }],
  ["SendMessageBatch", { Failed: [{ Id: "0", SenderFault: true, Code: "Refused" }], Successful: [] }],
  ["DeleteMessageBatch", { Failed: [], Successful: [{ Id: "0" }] }],
  ["DeleteMessageBatch", { Failed: [{ Id: "0", SenderFault: "yes", Code: 1 }] }],
];

test.each(ANSWERS)("what %s is told is what the SDK alone would say: %#", async (action, answer) => {
  const [ours, theirs] = clients(says(JSON.stringify(answer)));
  const input = { QueueUrl, Entries: [] };
  const settled = await Promise.allSettled([ours.send(action, input), theirs.send(action, input)]);
  expect(settled[0]).toEqual(settled[1]);
});

test.each([
  ["a failure", says('{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"none"}', 400)],
  ["text that is no JSON", says("<html>")],
  ["nothing", says("")],
  ["an answer that is cut short", { statusCode: 200, headers: {}, body: cut }],
])("%s is the SDK's to tell", async (_, answer: Answer) => {
  const [ours, theirs] = clients(answer);
  const [mine, its] = await Promise.allSettled([
    ours.send("ReceiveMessage", { QueueUrl }),
    theirs.send("ReceiveMessage", { QueueUrl }),
  ]);
  expect(mine.status).toBe(its.status);
  if (mine.status === "rejected" && its.status === "rejected") {
    expect((mine.reason as Error).name).toBe((its.reason as Error).name);
    expect(mine.reason).toBeInstanceOf((its.reason as Error).constructor);
  } else expect(mine).toEqual(its);
});

function cut(): Readable {
  const stream = new Readable({ read: () => {} });
  stream.push('{"Messages":[');
  setImmediate(() => stream.destroy(Object.assign(new Error("aborted"), { code: "ECONNRESET" })));
  return stream;
}

test("an answer that ends without a word why has lost its connection", async () => {
  const ending = new Readable({ read: () => void setImmediate(() => ending.destroy()) });
  ending.push('{"Messages":[');
  const [ours] = clients({ statusCode: 200, headers: {}, body: () => ending });
  await expect(ours.send("ReceiveMessage", { QueueUrl })).rejects.toMatchObject({ code: "ECONNRESET" });
});

test("characters may fall into two pieces of an answer", async () => {
  const bytes = Buffer.from(JSON.stringify({ Messages: [MESSAGE] }));
  const pieces = Array.from(bytes, (_, i) => bytes.subarray(i, i + 1));
  const [ours] = clients({ statusCode: 200, headers: {}, body: () => Readable.from(pieces, { objectMode: false }) });
  await expect(ours.send("ReceiveMessage", { QueueUrl })).resolves.toMatchObject({ Messages: [MESSAGE] });
});

/** Whether ours did it: what both give is the same either way. */
const { write, read } = bodyCodecs["ReceiveMessage"]!;
const received = (message: object) => read!(JSON.stringify({ Messages: [message] }));

test("the usual is written and read here", () => {
  expect(write!({ QueueUrl, MaxNumberOfMessages: 10 }, "{}")).toBe(
    JSON.stringify({ QueueUrl, MaxNumberOfMessages: 10 }),
  );
  expect(received(MESSAGE)).toEqual({ Messages: [MESSAGE] });
  for (const action of ["SendMessageBatch", "DeleteMessageBatch", "ChangeMessageVisibilityBatch"])
    expect(bodyCodecs[action]!.read!('{"Successful":[{"Id":"0"}],"Failed":[]}')).toBeDefined();
});

test("the unusual is not", () => {
  // Another spelling of an empty body: another protocol.
  expect(write!({ QueueUrl }, "{ }")).toBeUndefined();
  expect(write!({ QueueUrl, MaxNumberOfMessages: Number.NaN }, "{}")).toBeUndefined();
  for (const message of [
    { ...MESSAGE, Body: null },
    { ...MESSAGE, Attributes: { a: null } },
    { ...MESSAGE, MessageAttributes: { a: { DataType: "String", StringListValues: ["a"] } } },
    { Attributes: JSON.parse('{"__proto__":"a"}') as object },
  ])
    expect(received(message)).toBeUndefined();
  for (const body of ["[]", '"a"', '{"Messages":[null]}']) expect(read!(body)).toBeUndefined();
});

test("a clock that is wrong is noticed, and the next request says the time by the service's", async () => {
  const ahead = new Date(Date.now() + 3_600_000);
  const answer = says('{"__type":"RequestTimeTooSkewed","message":"skewed"}', 403, { date: ahead.toUTCString() });
  const [ours, theirs] = clients(answer);
  const hour = async ({ send, sent }: typeof ours) => {
    for (let i = 0; i < 2; i++) await expect(send("ReceiveMessage", { QueueUrl })).rejects.toThrow("skewed");
    return sent[1]!.headers["x-amz-date"]!.slice(0, 11);
  };
  expect(await hour(ours)).toBe(await hour(theirs));
  expect(await hour(ours)).toBe(ahead.toISOString().replace(/[-:]/g, "").slice(0, 11));
});
