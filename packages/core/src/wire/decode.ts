/** Decodes messages of any form: ours, structured CloudEvents, and what other producers send. */
import type { WireMessage } from "../driver/index.ts";
import type { ForeignMessage } from "../api/shapes.ts";
import { DecodedMessage, decodeOwn } from "./codec.ts";
import { type Coded, foreignOf, readForeign } from "./foreign-message.ts";
import { decodeStructured } from "./structured-reader.ts";
import { asText } from "./text.ts";

export type Decoded = DecodedMessage | { readonly foreign: true; readonly raw: ForeignMessage; readonly coded?: Coded };

/**
 * Decodes a message. It never throws: a message without a complete envelope is foreign. `body` is text if the content type says so and
 * the bytes are valid UTF-8, otherwise bytes. JSON text is not parsed; use {@link parseJson}.
 */
export function decode(message: WireMessage): Decoded {
  const own = decodeOwn(message);
  if (own !== undefined) return own;
  if (message.headers["ce"] !== undefined) return foreign(message);
  const structured = decodeStructured(asText(message.body));
  return structured === undefined
    ? foreign(message)
    : new DecodedMessage(structured.envelope, structured.body, structured.data);
}

/** Reads a foreign message. Decoding its content coding, charset or byte order mark may reveal a complete envelope after all. */
function foreign(message: WireMessage): Decoded {
  const read = readForeign(message);
  const structured = read.body === message.body ? undefined : decodeStructured(read.body);
  if (structured !== undefined) return new DecodedMessage(structured.envelope, structured.body, structured.data);
  const raw = foreignOf(message, read);
  return read.decoded || read.note !== undefined
    ? { foreign: true, raw, coded: { decoded: read.decoded, note: read.note } }
    : { foreign: true, raw };
}
