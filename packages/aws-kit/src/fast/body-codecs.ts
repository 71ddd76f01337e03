/**
 * Puts hand-written codecs for request and response bodies into a client of the SDK. The SDK still handles everything else, including every
 * body that a codec does not handle.
 */

/** Writes and reads the bodies of one action. A method that is absent leaves that side to the SDK. */
export interface BodyCodec {
  /** The body for `input`; `empty` is what the SDK writes for an empty input. Undefined: the SDK writes this one. */
  write?(input: any, empty: string): string | Uint8Array | undefined;
  /** The input in the SDK's form, if `write` takes another one. Used when `write` returned undefined. */
  forSdk?(input: any): object;
  /** The output in a response body. Undefined: the SDK reads this one, or rejects it. */
  read?(body: string): object | undefined;
}

/** Codecs by action. The input of such an action must not decide which host is called. */
export type BodyCodecs = Readonly<Record<string, BodyCodec>>;

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

/** The part of an SDK client that writes requests and reads responses. */
export interface Protocol {
  serializeRequest(operation: Operation, input: object, context: unknown): Promise<HttpRequest>;
  deserializeResponse(operation: Operation, context: unknown, response: HttpResponse): Promise<object>;
  /** The `$metadata` of every output. */
  deserializeMetadata?(response: HttpResponse): object;
}

export function useBodyCodecs(protocol: Protocol, codecs: BodyCodecs): void {
  const serialize = protocol.serializeRequest.bind(protocol);
  const deserialize = protocol.deserializeResponse.bind(protocol);
  const metadata = protocol.deserializeMetadata?.bind(protocol);

  protocol.serializeRequest = async (operation, input, context) => {
    const { write, forSdk } = codecs[operation.name] ?? {};
    if (write === undefined) return serialize(operation, input, context);
    const request = await serialize(operation, {}, context);
    const body = write(input, textOf(request.body));
    if (body === undefined) return serialize(operation, forSdk?.(input) ?? input, context);
    request.body = body;
    return request;
  };

  protocol.deserializeResponse = async (operation, context, response) => {
    const read = codecs[operation.name]?.read;
    if (read === undefined || metadata === undefined || response.statusCode !== 200 || !isStream(response.body))
      return deserialize(operation, context, response);
    const body = await collected(response.body);
    const output = read(body.toString());
    response.body = body;
    if (output === undefined) return deserialize(operation, context, response);
    return Object.assign(output, { $metadata: metadata(response) });
  };
}

/** The SDK's byte arrays have string methods that print a warning, so none of them is called here. */
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
