/** The lines of a file, by bytes: decoding first would change what is not UTF-8. */
import { badLine, type Origin } from "./letter-line.ts";

/** The longest line, in bytes. The largest message of any broker, as base64 and with all its headers, is far below. */
const LONGEST = 64 * 2 ** 20;
const LF = 0x0a;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export interface TextLine {
  readonly text: string;
  /** With its line feed. */
  readonly bytes: number;
  /** False: the last line, without a line feed. */
  readonly whole: boolean;
}

/** @throws MessagingError `bad-import` for a line that is not UTF-8 or too long. A last line without its end is not checked. */
export async function* lines(
  from: AsyncIterable<Uint8Array>,
  origin: Origin,
): AsyncGenerator<TextLine, void, undefined> {
  let parts: Uint8Array[] = [];
  let length = 0;
  let number = 1;
  for await (const chunk of from) {
    let start = 0;
    for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, start)) {
      parts.push(chunk.subarray(start, end));
      const bytes = Buffer.concat(parts);
      yield { text: textOf(bytes, number, origin), bytes: bytes.length + 1, whole: true };
      parts = [];
      length = 0;
      number++;
      start = end + 1;
    }
    if (start === chunk.length) continue;
    // The chunk's memory may be used again by who reads the file.
    parts.push(chunk.slice(start));
    length += chunk.length - start;
    if (length > LONGEST)
      throw badLine(number, `it is longer than ${LONGEST} bytes, so it is no exported letter`, origin);
  }
  if (length === 0) return;
  const rest = Buffer.concat(parts);
  yield { text: rest.toString(), bytes: rest.length, whole: false };
}

function textOf(bytes: Uint8Array, number: number, origin: Origin): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw badLine(number, "it is not UTF-8; copy the file byte by byte", origin);
  }
}
