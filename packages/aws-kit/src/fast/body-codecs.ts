/**
 * Bodies written and read by us: the SDK goes through each as its schema has it, member by member. All else of the request
 * and of the answer is the SDK's; and so is a body that is not exactly as expected.
 */

/** Of one action, each as far as it is there. */
export interface NativeBody {
  /** The body for `input`, from the SDK's for an empty one. Undefined: it is the SDK's to write. */
  write?(input: any, empty: string): string | Uint8Array | undefined;
  /** The input as the SDK wants it, where what `write` takes is another. */
  forSdk?(input: any): object;
  /** What the body says. Undefined: it is the SDK's to read, or to refuse. */
  read?(body: string): object | undefined;
}

/** By action. None of them may name its host in its input. */
export type Bodies = Readonly<Record<string, NativeBody>>;

interface HttpRequest {
  body?: unknown;
}
interface HttpResponse {
  readonly statusCode: number;
  body?: unknown;
}
interface Operation {
  readonly name: string;
}

/** Of a client of the SDK: how it writes what it asks, and reads what it is told. */
export interface Protocol {
  serializeRequest(operation: Operation, input: object, context: unknown): Promise<HttpRequest>;
  deserializeResponse(operation: Operation, context: unknown, response: HttpResponse): Promise<object>;
  /** What every answer is told beside it. */
  deserializeMetadata?(response: HttpResponse): object;
}

export function nativeBodies(protocol: Protocol, bodies: Bodies): void {
  const serialize = protocol.serializeRequest.bind(protocol);
  const deserialize = protocol.deserializeResponse.bind(protocol);
  const metadata = protocol.deserializeMetadata?.bind(protocol);

  protocol.serializeRequest = async (operation, input, context) => {
    const { write, forSdk } = bodies[operation.name] ?? {};
    if (write === undefined) return serialize(operation, input, context);
    const request = await serialize(operation, {}, context);
    const body = write(input, textOf(request.body));
    if (body === undefined) return serialize(operation, forSdk?.(input) ?? input, context);
    request.body = body;
    return request;
  };

  protocol.deserializeResponse = async (operation, context, response) => {
    const read = bodies[operation.name]?.read;
    if (read === undefined || metadata === undefined || response.statusCode !== 200 || !isStream(response.body))
      return deserialize(operation, context, response);
    const body = await collected(response.body);
    const output = read(body.toString());
    response.body = body;
    if (output === undefined) return deserialize(operation, context, response);
    return Object.assign(output, { $metadata: metadata(response) });
  };
}

/** Bodies of the SDK have string methods of their own, which warn: none of them is called. */
const textOf = (body: unknown): string =>
  body instanceof Uint8Array
    ? Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString()
    : typeof body === "string"
      ? body
      : "";

type Stream = NodeJS.ReadableStream & { readonly readableEnded?: boolean };

const isStream = (body: unknown): body is Stream =>
  typeof body === "object" && body !== null && typeof (body as Partial<Stream>).on === "function";

function collected(body: Stream): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    body.on("data", (chunk: Buffer) => void chunks.push(chunk));
    body.on("end", () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    body.on("error", reject);
    body.on("close", () => {
      if (body.readableEnded !== true) reject(Object.assign(new Error("aborted"), { code: "ECONNRESET" }));
    });
  });
}
