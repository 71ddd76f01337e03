/**
 * The records in the answer of GetRecords, read here: the SDK looks at each as its schema has it, and at every character of
 * its base64. All else of the answer is the SDK's, and where its body is not the JSON expected, the body is too.
 */
import type { KinesisRecord } from "./client.ts";
import type { Middleware, MiddlewareStack } from "./put-body.ts";

interface HttpResponse {
  readonly statusCode: number;
  body?: unknown;
}
interface Result {
  readonly response: unknown;
  readonly output?: { Records?: readonly KinesisRecord[] };
}

export function readsGets(stack: MiddlewareStack): void {
  /** By the response the SDK reads without them. */
  const taken = new WeakMap<object, readonly KinesisRecord[]>();

  const within: Middleware =
    (next, { commandName }) =>
    async (args) => {
      const result = (await next(args)) as Result;
      if (commandName !== "GetRecordsCommand") return result;
      const response = result.response as HttpResponse;
      if (response.statusCode !== 200 || !isChunks(response.body)) return result;
      const body = await collected(response.body);
      const [records, rest] = split(body) ?? [];
      response.body = rest ?? body;
      if (records !== undefined) taken.set(response, records);
      return result;
    };

  const without: Middleware = (next) => async (args) => {
    const result = (await next(args)) as Result;
    const records = taken.get(result.response as object);
    if (records !== undefined && result.output !== undefined) result.output.Records = records;
    return result;
  };

  stack.add(without, { name: "switchyardGetWithout", step: "deserialize", priority: "high" });
  stack.add(within, { name: "switchyardGetWithin", step: "deserialize", priority: "low" });
}

const isChunks = (body: unknown): body is AsyncIterable<Uint8Array> =>
  typeof body === "object" && body !== null && Symbol.asyncIterator in body;

async function collected(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return chunks.length === 1 ? bufferOf(chunks[0]!) : Buffer.concat(chunks);
}

const bufferOf = ({ buffer, byteOffset, byteLength }: Uint8Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);

type Split = readonly [records: readonly KinesisRecord[], rest: Buffer];

/** Undefined: not as it should be, and the SDK's to read or to refuse. */
function split(body: Buffer): Split | undefined {
  let found: { Records?: unknown } | null;
  try {
    found = JSON.parse(body.toString()) as typeof found;
  } catch {
    return undefined;
  }
  if (typeof found !== "object" || found === null || !Array.isArray(found.Records)) return undefined;
  const records = new Array<KinesisRecord>(found.Records.length);
  for (let i = 0; i < records.length; i++) {
    const record = recordOf(found.Records[i]);
    if (record === undefined) return undefined;
    records[i] = record;
  }
  found.Records = [];
  return [records, Buffer.from(JSON.stringify(found))];
}

const MEMBERS = 4;

/** Of the members every record has, and the one that encrypted ones have; none is known beside them. */
function recordOf(given: unknown): KinesisRecord | undefined {
  if (typeof given !== "object" || given === null) return undefined;
  const { SequenceNumber, ApproximateArrivalTimestamp, Data, PartitionKey, EncryptionType } = given as Record<
    string,
    unknown
  >;
  if (typeof SequenceNumber !== "string" || typeof PartitionKey !== "string") return undefined;
  if (typeof Data !== "string" || typeof ApproximateArrivalTimestamp !== "number") return undefined;
  if (EncryptionType !== undefined && typeof EncryptionType !== "string") return undefined;
  let members = EncryptionType === undefined ? MEMBERS : MEMBERS + 1;
  for (const _ in given) members--;
  const bytes = members === 0 ? fromBase64(Data) : undefined;
  if (bytes === undefined) return undefined;
  const at = new Date(Math.round(ApproximateArrivalTimestamp * 1_000));
  const record = { SequenceNumber, ApproximateArrivalTimestamp: at, Data: bytes, PartitionKey };
  return EncryptionType === undefined ? record : { ...record, EncryptionType };
}

/** Undefined where characters had to be passed over, or padding is missing. */
function fromBase64(text: string): Uint8Array | undefined {
  const { length } = text;
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const bytes = Buffer.from(text, "base64");
  if (length % 4 !== 0 || bytes.length !== (length / 4) * 3 - padding) return undefined;
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
