/** The protected header: written from parts, and read with nothing taken on trust. */
import { isUtf8 } from "node:buffer";
import type { Coding } from "@switchyard/core/pipeline";
import { undecryptable } from "../errors.ts";
import { MOST_CONTENT_TYPE, MOST_HEADER_BYTES, MOST_KID, MOST_WRAPPED_BYTES } from "../limits.ts";
import type { Alg } from "../provider.ts";
import { base64urlLength, fromBase64url } from "./base64url.ts";

/** What a protected header says. The members of ours all stand in `crit`, so that no reader may ignore them. */
export interface ProtectedHeader {
  readonly alg: Alg;
  readonly kid: string;
  /** `cty`: the media type of the plain body, in full. */
  readonly contentType: string;
  /** `swb`: the hash over the message's attributes. */
  readonly binding: string;
  /** `swc`: the channel's encryption context. */
  readonly context: string;
  /** `swe`: when the message expires, in epoch milliseconds. A dead letter's envelope no longer says. */
  readonly expiresAt: number | undefined;
  /** `swk`: the wrapped data key, with `alg: dir`. Base64url. */
  readonly wrapped: string | undefined;
  /** `swz` and `sws`: how the plain body is compressed, and its size before. */
  readonly coding: Coding | undefined;
}

/** The members that are not of RFC 7516. */
const OURS = ["swb", "swc", "swe", "swk", "swz", "sws"] as const;
type Ours = (typeof OURS)[number];

/** The part of the header that is the same for all messages of a data key and a context. */
export function headerStart(alg: Alg, kid: string, context: string, wrapped: string | undefined): string {
  const own = wrapped === undefined ? "" : `,"swk":"${wrapped}"`;
  return `{"alg":"${alg}","enc":"A256GCM","kid":${JSON.stringify(kid)},"swc":${JSON.stringify(context)}${own}`;
}

/** The whole header. `start`: of {@link headerStart}. */
export function headerText(
  start: string,
  alg: Alg,
  {
    contentType,
    binding,
    expiresAt,
    coding,
  }: Pick<ProtectedHeader, "contentType" | "binding" | "expiresAt" | "coding">,
): string {
  let crit = alg === "dir" ? CRIT_DIR : CRIT;
  let rest = `,"cty":${JSON.stringify(contentType)},"swb":"${binding}"`;
  if (expiresAt !== undefined) {
    crit += ',"swe"';
    rest += `,"swe":${Math.trunc(expiresAt)}`;
  }
  if (coding !== undefined) {
    crit += ',"swz","sws"';
    rest += `,"swz":"${coding.name}","sws":${coding.bytes}`;
  }
  return `${start}${rest},"crit":[${crit}]}`;
}

const CRIT = '"swb","swc"';
const CRIT_DIR = '"swb","swc","swk"';

/** The most bytes of a header whose content type has at most 100 characters. */
export function mostHeaderBytes(start: string): number {
  // Members, a binding of 43 characters, two numbers of 16 digits, and the content type.
  return Buffer.byteLength(start) + 300;
}

/** Longer texts hold no header of ours. */
export const MOST_HEADER_TEXT = base64urlLength(MOST_HEADER_BYTES);

/**
 * True if a protected header, of whatever content type, is one of ours: it names our binding. `text` is base64url. A message that
 * holds another JWE as its data is not encrypted by us.
 */
export function isOurs(text: string): boolean {
  const header = objectOf(text);
  return header !== undefined && (Object.hasOwn(header, "swb") || crit(header).includes("swb"));
}

const crit = ({ crit: listed }: Readonly<Record<string, unknown>>): readonly unknown[] =>
  Array.isArray(listed) ? listed : [];

/** The JSON object in a base64url text. Undefined if it is none. */
function objectOf(text: string): Readonly<Record<string, unknown>> | undefined {
  const bytes = text.length > MOST_HEADER_TEXT ? undefined : fromBase64url(text);
  if (bytes === undefined || !isUtf8(bytes)) return undefined;
  try {
    const value: unknown = JSON.parse(bytes.toString());
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}

const bad = (why: string) => undecryptable(`its JWE header ${why}`);

/** Reads a protected header. Throws `undecryptable`. `text` is base64url. */
export function readHeader(text: string): ProtectedHeader {
  const header = objectOf(text);
  if (header === undefined) throw bad(`is no JSON object of at most ${MOST_HEADER_BYTES} bytes in base64url`);
  checkMembers(header);
  const { alg, enc, zip } = header;
  if (alg !== "A256KW" && alg !== "dir") throw bad("has another alg than A256KW and dir");
  if (enc !== "A256GCM") throw bad("has another enc than A256GCM");
  if (zip !== undefined) throw bad("has zip; compression is told by swz");
  const listed = readCrit(header);
  const wrapped = optional(header, "swk", (value) => isBase64url(value, base64urlLength(MOST_WRAPPED_BYTES)));
  if ((wrapped !== undefined) !== (alg === "dir")) throw bad("has swk without alg: dir, or the reverse");
  const read: ProtectedHeader = {
    alg,
    kid: required(header, "kid", (value) => isText(value, MOST_KID)),
    contentType: required(header, "cty", (value) => isText(value, MOST_CONTENT_TYPE)),
    binding: required(header, "swb", (value) => isBase64url(value, BINDING_LENGTH) && value.length === BINDING_LENGTH),
    context: required(header, "swc", (value) => isText(value, MOST_HEADER_BYTES)),
    expiresAt: optional(header, "swe", isWhole),
    wrapped,
    coding: readCoding(header),
  };
  for (const name of OURS)
    if (Object.hasOwn(header, name) !== listed.has(name)) throw bad(`has ${name} only in crit, or not there`);
  return read;
}

/** SHA-256 in base64url. */
const BINDING_LENGTH = 43;

const isText = (value: unknown, most: number): value is string =>
  typeof value === "string" && value.length > 0 && value.length <= most;

/** -0 would be written as 0. */
const isWhole = (value: unknown): value is number => Number.isSafeInteger(value) && !Object.is(value, -0);

const isBase64url = (value: unknown, most: number): value is string =>
  isText(value, most) && fromBase64url(value) !== undefined;

/** Members that we do not know are ignored [RFC 7516, 4], unless they are critical. None is an object: that would be of no use to us. */
function checkMembers(header: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(header))
    if (typeof value === "object" && value !== null && name !== "crit")
      throw bad("has a member that is an object or a list");
}

function readCrit(header: Readonly<Record<string, unknown>>): ReadonlySet<unknown> {
  const listed = crit(header);
  const known: readonly unknown[] = OURS;
  if (!listed.every((name) => known.includes(name))) throw bad("has a critical member that is not known here");
  const names = new Set(listed);
  if (names.size !== listed.length) throw bad("names a critical member twice");
  return names;
}

function readCoding(header: Readonly<Record<string, unknown>>): Coding | undefined {
  const name = optional<Coding["name"]>(
    header,
    "swz",
    (value) => value === "br" || value === "gzip" || value === "zstd",
  );
  const bytes = optional<number>(header, "sws", (value) => isWhole(value) && value >= 0);
  if ((name === undefined) !== (bytes === undefined)) throw bad("has only one of swz and sws");
  return name === undefined || bytes === undefined ? undefined : { name, bytes };
}

type Header = Readonly<Record<string, unknown>>;

function required(header: Header, name: Ours | "kid" | "cty", allows: (value: unknown) => boolean): string {
  const value = optional<string>(header, name, allows);
  if (value === undefined) throw bad(`has no ${name}`);
  return value;
}

function optional<T = any>(header: Header, name: string, allows: (value: unknown) => boolean): T | undefined {
  if (!Object.hasOwn(header, name)) return undefined;
  const value = header[name];
  if (!allows(value)) throw bad(`has a wrong ${name}`);
  return value as T;
}
