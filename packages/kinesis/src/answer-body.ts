/**
 * The records in the answers of GetRecords and PutRecords, read here: the SDK looks at each as its schema has it, and at every
 * character of its base64. All else of the answer is the SDK's, and where its body is not the JSON expected, the body is too.
 */
import { recordOf } from "./get-body.ts";
import { type Middleware, type MiddlewareStack, resultOf } from "./put-body.ts";

interface HttpResponse {
  readonly statusCode: number;
  body?: unknown;
}
interface Result {
  readonly response: unknown;
  readonly output?: { Records?: readonly object[] };
}
/** Undefined: not as it should be, and the SDK's to read or to refuse. */
type Reader = (given: unknown) => object | undefined;

const READERS = new Map<string | undefined, Reader>([
  ["GetRecordsCommand", recordOf],
  ["PutRecordsCommand", resultOf],
]);

export function readsRecords(stack: MiddlewareStack): void {
  /** By the response the SDK reads without them. */
  const taken = new WeakMap<object, readonly object[]>();

  const within: Middleware = (next, { commandName }) => {
    const reader = READERS.get(commandName);
    if (reader === undefined) return next;
    return async (args) => {
      const result = (await next(args)) as Result;
      const response = result.response as HttpResponse;
      if (response.statusCode !== 200 || !isChunks(response.body)) return result;
      const body = await collected(response.body);
      const [records, rest] = split(body, reader) ?? [];
      response.body = rest ?? body;
      if (records !== undefined) taken.set(response, records);
      return result;
    };
  };

  const without: Middleware = (next) => async (args) => {
    const result = (await next(args)) as Result;
    const records = taken.get(result.response as object);
    if (records !== undefined && result.output !== undefined) result.output.Records = records;
    return result;
  };

  stack.add(without, { name: "switchyardRecordsWithout", step: "deserialize", priority: "high" });
  stack.add(within, { name: "switchyardRecordsWithin", step: "deserialize", priority: "low" });
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

type Split = readonly [records: readonly object[], rest: Buffer];

function split(body: Buffer, reader: Reader): Split | undefined {
  let found: { Records?: unknown } | null;
  try {
    found = JSON.parse(body.toString()) as typeof found;
  } catch {
    return undefined;
  }
  if (typeof found !== "object" || found === null || !Array.isArray(found.Records)) return undefined;
  const records = new Array<object>(found.Records.length);
  for (let i = 0; i < records.length; i++) {
    const record = reader(found.Records[i]);
    if (record === undefined) return undefined;
    records[i] = record;
  }
  found.Records = [];
  return [records, Buffer.from(JSON.stringify(found))];
}
