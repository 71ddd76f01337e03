/**
 * The body of PutRecords, written here: the SDK spells base64 byte by byte in JavaScript, which is a fifth of what publishing
 * to Kinesis costs. All else of the request is the SDK's, and where its body is not the JSON expected, the body is too.
 */
import { asBytes, type PutEntry, type PutResult } from "./client.ts";

interface Input {
  readonly Records: readonly PutEntry[];
}
interface HttpRequest {
  body?: unknown;
  readonly headers: Record<string, string>;
}
interface Args {
  readonly input: Input;
  readonly request?: HttpRequest;
}
type Next = (args: Args) => Promise<unknown>;
export type Middleware = (next: Next, context: { readonly commandName?: string }) => Next;

/** Of a client of the SDK. */
export interface MiddlewareStack {
  add(middleware: Middleware, place: { readonly name: string; readonly step: string; readonly priority: string }): void;
}

const NONE = '"Records":[]';
const UNKNOWN = Symbol("not the body expected");

export function writesPuts(stack: MiddlewareStack): void {
  /** By the input the SDK writes in place of the whole. */
  const left = new WeakMap<object, readonly PutEntry[]>();
  let known = true;

  const without: Middleware =
    (next, { commandName }) =>
    async (args) => {
      if (commandName !== "PutRecordsCommand") return next(args);
      const { Records } = args.input;
      try {
        if (known) {
          const input = { ...args.input, Records: [] };
          left.set(input, Records);
          return await next({ ...args, input });
        }
      } catch (cause) {
        if (cause !== UNKNOWN) throw cause;
        known = false;
      }
      return next({ ...args, input: { ...args.input, Records: Records.map(asBytes) } });
    };

  const within: Middleware = (next) => async (args) => {
    const entries = left.get(args.input);
    const { request } = args;
    if (entries === undefined || request === undefined) return next(args);
    const [before, after, ...more] = text(request.body).split(NONE);
    if (after === undefined || more.length > 0) throw UNKNOWN;
    const body = written(`${before}"Records":[`, entries, `]${after}`);
    request.body = body;
    request.headers["content-length"] = String(body.length);
    return next(args);
  };

  stack.add(without, { name: "switchyardPutWithout", step: "serialize", priority: "high" });
  stack.add(within, { name: "switchyardPutWithin", step: "build", priority: "high" });
}

function text(body: unknown): string {
  return body instanceof Uint8Array ? buffer(body).toString() : String(body);
}

/** The same bytes. Bodies of the SDK have string methods of their own, which warn: none of them is called. */
const buffer = ({ buffer: of, byteOffset, byteLength }: Uint8Array): Buffer => Buffer.from(of, byteOffset, byteLength);

const DATA = '{"Data":"';
const KEY = '","PartitionKey":';
const PLAIN = /^[\w.:/@-]*$/;
/** JSON.stringify costs more than the look. */
const quoted = (key: string): string => (PLAIN.test(key) ? `"${key}"` : JSON.stringify(key));

/** Nearly all of it is ASCII: it has as many bytes as characters, and need not be counted. */
const written = (before: string, entries: readonly PutEntry[], after: string): Buffer =>
  put(before, entries, after, (text) => text.length) ?? put(before, entries, after, Buffer.byteLength)!;

/**
 * Into one buffer of the very size: nothing is joined, and a record's bytes stand for a moment where their base64 will.
 * Undefined: a text has more bytes than `bytesOf` says, as its place would have had room to show.
 */
function put(
  before: string,
  entries: readonly PutEntry[],
  after: string,
  bytesOf: (text: string) => number,
): Buffer | undefined {
  const { length } = entries;
  const start = before + (length === 0 ? "" : DATA);
  const tails = new Array<string>(length);
  let size = Buffer.byteLength(start) + Buffer.byteLength(after);
  for (let i = 0; i < length; i++) {
    const { Data, PartitionKey } = entries[i] as PutEntry;
    const tail = `${KEY}${quoted(PartitionKey)}${i === length - 1 ? "}" : `},${DATA}`}`;
    const bytes = typeof Data === "string" ? bytesOf(Data) : Data.byteLength;
    size += 4 * Math.ceil(bytes / 3) + Buffer.byteLength(tail);
    tails[i] = tail;
  }
  const body = Buffer.allocUnsafeSlow(size);
  let at = body.write(start);
  for (let i = 0; i < length; i++) {
    const { Data } = entries[i] as PutEntry;
    let base64: string;
    if (typeof Data === "string") {
      const bytes = body.write(Data, at);
      if (bytes !== bytesOf(Data)) return undefined;
      base64 = body.toString("base64", at, at + bytes);
    } else base64 = buffer(Data).toString("base64");
    at += body.write(base64, at, "latin1");
    at += body.write(tails[i] as string, at);
  }
  body.write(after, at);
  return body;
}

/** What PutRecords says of a record that was taken, or of one that was not; undefined for anything else. */
export function resultOf(given: unknown): PutResult | undefined {
  if (typeof given !== "object" || given === null) return undefined;
  let members = 2;
  for (const _ in given) members--;
  if (members !== 0) return undefined;
  const { SequenceNumber, ShardId, ErrorCode, ErrorMessage } = given as Record<string, unknown>;
  if (typeof SequenceNumber === "string" && typeof ShardId === "string") return given;
  return typeof ErrorCode === "string" && typeof ErrorMessage === "string" ? given : undefined;
}
