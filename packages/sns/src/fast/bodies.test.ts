import { Readable } from "node:stream";
import * as sdk from "@aws-sdk/client-sns";
import { leanClient } from "@switchyard/aws-kit/fast";
import { afterEach, expect, test, vi } from "vitest";
import { bodyCodecs } from "./bodies.ts";

afterEach(() => void vi.unstubAllEnvs());

interface Sent {
  readonly body: string;
  readonly headers: Record<string, string>;
}
interface Client {
  readonly sent: readonly Sent[];
  send(input: object): Promise<unknown>;
}

function clients(xml: string, statusCode = 200): readonly [ours: Client, theirs: Client] {
  vi.stubEnv("AWS_ACCESS_KEY_ID", "test");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "test");
  const make = (ours: boolean): Client => {
    const sent: Sent[] = [];
    const requestHandler = {
      handle: async ({ body, headers }: Sent) => {
        sent.push({ body: Buffer.from(body).toString(), headers });
        const answer = Readable.from([Buffer.from(xml)], { objectMode: false });
        return { response: { statusCode, headers: { "content-type": "text/xml" }, body: answer } };
      },
    };
    const settings = { region: "us-east-1", endpoint: "http://127.0.0.1:1", maxAttempts: 1, requestHandler };
    const client = ours
      ? leanClient(sdk as never, "SNSClient", settings, bodyCodecs)
      : new sdk.SNSClient(settings as never);
    return { sent, send: (input) => client.send(new sdk.PublishBatchCommand(input as never) as never) };
  };
  return [make(true), make(false)];
}

const TopicArn = "arn:aws:sns:us-east-1:000000000000:jobs";
const answerOf = (result: string) =>
  `<PublishBatchResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishBatchResult>${result}</PublishBatchResult><ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></PublishBatchResponse>`;

const ENTRIES: readonly (readonly object[])[] = [
  [
    {
      Id: "0",
      Message: "ä😀 'quoted' (a*b!) ~ + & = % \" \u0000\r\n\t",
      MessageAttributes: {
        n: { DataType: "Number", StringValue: "1" },
        "a'b": { DataType: "String", StringValue: "'()*!" },
      },
    },
    { Id: "1", Message: "{}", MessageGroupId: "g", MessageDeduplicationId: "d" },
  ],
  [{ Id: "0", Message: "b", MessageAttributes: { b: { DataType: "Binary", BinaryValue: Buffer.from([0, 255]) } } }],
  [{ Id: "0", Message: "s", Subject: "not of ours" }],
  [{ Id: "0", Message: "u", MessageGroupId: undefined }],
];

test.each(ENTRIES.map((entries) => [entries]))("a form says what the SDK alone would say: %#", async (entries) => {
  const [ours, theirs] = clients(answerOf("<Successful/><Failed/>"));
  const input = { TopicArn, PublishBatchRequestEntries: entries };
  await Promise.all([ours.send(input), theirs.send(input)]);
  const form = ({ sent }: Client) => [...new URLSearchParams(sent[0]!.body)].map(String).toSorted();
  expect(form(ours)).toEqual(form(theirs));
  expect(Number(ours.sent[0]!.headers["content-length"])).toBe(Buffer.byteLength(ours.sent[0]!.body));
  expect(ours.sent[0]!.headers["content-type"]).toBe(theirs.sent[0]!.headers["content-type"]);
  expect(ours.sent[0]!.headers["authorization"]).toContain("AWS4-HMAC-SHA256 Credential=test/");
});

test("text that is no UTF-16 is refused as the SDK refuses it", async () => {
  const [ours, theirs] = clients(answerOf("<Successful/><Failed/>"));
  const input = { TopicArn, PublishBatchRequestEntries: [{ Id: "0", Message: "\ud800" }] };
  const [mine, its] = await Promise.allSettled([ours.send(input), theirs.send(input)]);
  expect([mine.status, String((mine as PromiseRejectedResult).reason)]).toEqual([
    its.status,
    String((its as PromiseRejectedResult).reason),
  ]);
});

const ONE = "<member><Id>0</Id><MessageId>m-1</MessageId></member>";
const TWO = "<member><MessageId>m-2</MessageId><Id>1</Id><SequenceNumber>7</SequenceNumber></member>";
const WRONG =
  "<member><Id>2</Id><Code>Bad</Code><Message>a &lt;b&gt;</Message><SenderFault>true</SenderFault></member>";

test.each([
  answerOf(`<Successful>${ONE}${TWO}</Successful><Failed/>`),
  answerOf(`<Failed></Failed><Successful>${ONE}</Successful>`),
  answerOf(`<Successful>${ONE}</Successful>`),
  answerOf(`\n  <Successful>\n    ${ONE}\n  </Successful>\n  <Failed/>\n`),
  `<?xml version="1.0"?>\n${answerOf(`<Successful>${ONE}</Successful><Failed/>`)}\n`,
  answerOf(`<Successful>${ONE}</Successful><Failed>${WRONG}</Failed>`),
  answerOf("<Successful/><Failed/>"),
  answerOf(`<Failed>${WRONG}</Failed>`),
  answerOf("<Successful><member><Id>&#x30;</Id><MessageId>m</MessageId></member></Successful>"),
  answerOf("<Successful><member></member></Successful><Failed/>"),
  answerOf(""),
  "no XML at all",
])("an answer is what the SDK alone would say: %#", async (xml) => {
  const [ours, theirs] = clients(xml);
  const input = { TopicArn, PublishBatchRequestEntries: [] };
  const [mine, its] = await Promise.allSettled([ours.send(input), theirs.send(input)]);
  expect(mine.status).toBe(its.status);
  if (mine.status === "fulfilled" && its.status === "fulfilled") expect(mine.value).toEqual(its.value);
  else expect((mine as PromiseRejectedResult).reason.name).toBe((its as PromiseRejectedResult).reason.name);
});

/** Whether ours did it: what both give is the same either way. */
const { write, read } = bodyCodecs["PublishBatch"]!;
const EMPTY = "Action=PublishBatch&Version=2010-03-31";

test("the usual is written and read here", () => {
  const entry = { Id: "0", Message: "a", MessageAttributes: { b: { DataType: "String", StringValue: "c" } } };
  expect(write!({ TopicArn, PublishBatchRequestEntries: [entry] }, EMPTY)).toContain("member.1.Message=a&");
  expect(read!(answerOf(`<Failed/><Successful>${ONE}${TWO}</Successful>`))).toBeDefined();
});

test("the unusual is not", () => {
  const entries = (entry: object) => ({ TopicArn, PublishBatchRequestEntries: [{ Id: "0", Message: "a", ...entry }] });
  expect(write!(entries({}), "Action=PublishBatch&Version=2030-01-01")).toBeUndefined();
  expect(write!(entries({ Subject: "a" }), EMPTY)).toBeUndefined();
  expect(write!(entries({ MessageGroupId: null }), EMPTY)).toBeUndefined();
  for (const list of [
    "<member><Id>0</Id><Id>1</Id></member>",
    '<member><Id a="b">0</Id></member>',
    "<member><Id> 0 </Id></member>",
    "<member><Id>0</Id><Unheard>a</Unheard></member>",
    `<!-- a -->${ONE}`,
  ])
    expect(read!(answerOf(`<Successful>${list}</Successful><Failed/>`))).toBeUndefined();
  expect(read!(answerOf(`<Successful>${ONE}</Successful><Failed/><More/>`))).toBeUndefined();
  expect(read!(answerOf(`<Successful>${ONE}</Successful>`).replaceAll("PublishBatchR", "OtherR"))).toBeUndefined();
});

test("a failure is the SDK's to tell", async () => {
  const xml =
    "<ErrorResponse><Error><Type>Sender</Type><Code>NotFound</Code><Message>none</Message></Error><RequestId>r</RequestId></ErrorResponse>";
  for (const client of clients(xml, 404))
    await expect(client.send({ TopicArn, PublishBatchRequestEntries: [] })).rejects.toThrow(sdk.NotFoundException);
});
