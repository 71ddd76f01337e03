/** The step: stores a body and writes a pointer; follows a pointer and checks what it finds. */
import { createHash } from "node:crypto";
import { isUtf8 } from "node:buffer";
import { isMessagingError, MessagingError } from "@switchyard/core/driver-kit";
import type { Attributes, ClaimCheck, Content, Reading, Writing } from "@switchyard/core/pipeline";
import { damaged, refused, tooLarge } from "./errors.ts";
import { MOST_BYTES } from "./limits.ts";
import { fromRef, isKeyOf, isUnder, keyOf, longestKey, type Place, type Readable, refOf } from "./places.ts";
import { amazonPointer, type Interop, ownPointer, readAmazonPointer, SIZE_ATTRIBUTES } from "./pointer.ts";
import type { Store } from "./store.ts";

export interface Settings {
  /** Where objects are stored. */
  readonly own: Readable;
  /** What else may be read. */
  readonly read: readonly Readable[];
  readonly interop: Interop;
}

type Trouble = (text: string | undefined, needsPerson?: boolean) => void;

/** What a pointer leads to. */
interface Target extends Place {
  /** Absent if another producer's message does not say. */
  readonly bytes?: number | undefined;
  readonly sha256?: string | undefined;
}

/** The `source` of copies that core makes of foreign messages, such as dead letters. Their headers are the message's own. */
const FOREIGN_SOURCE = "foreign";
/** Media types whose body is text for the steps that come after: text, JSON and compact JWE. */
const TEXT = /^(?:text\/|[^;]*[/+]json\s*(?:;|$)|application\/jose\s*(?:;|$))/i;

export class ObjectClaimCheck implements ClaimCheck {
  readonly name = "claim-check";
  readonly summary: string;
  readonly #store: Store;
  readonly #settings: Settings;
  readonly #troubles: Troubles;
  readonly #longestPointer: number;

  constructor(store: Store, settings: Settings, trouble: Trouble) {
    this.#store = store;
    this.#settings = settings;
    this.#troubles = new Troubles(trouble);
    const { own, read } = settings;
    const also = read.map((each) => refOf(store.scheme, { bucket: each.bucket, key: each.prefix }));
    this.summary = [refOf(store.scheme, { bucket: own.bucket, key: own.prefix }), ...also].join(", also reads ");
    this.#longestPointer = this.#pointer("x".repeat(longestKey(own.prefix))).length;
  }

  #pointer(key: string): string {
    const { own, interop } = this.#settings;
    const place = { bucket: own.bucket, key };
    return this.#store.scheme === "s3" ? amazonPointer(place, interop) : ownPointer(this.#store.scheme, place);
  }

  most(): number {
    return this.#longestPointer;
  }

  async write(content: Content, message: Attributes, how: Writing): Promise<Content> {
    const bytes = bytesOf(content.body);
    if (bytes.byteLength > MOST_BYTES) throw tooLarge(bytes.byteLength);
    const { own, interop } = this.#settings;
    const sha256 = createHash("sha256").update(bytes).digest("base64url");
    const place = { ...own, key: keyOf(own.prefix, message, sha256) };
    const about = { sha256, contentType: content.contentType };
    await this.#troubles.watch("write", () => this.#store.put(place, bytes, about, how.signal));
    const attribute = this.#store.scheme === "s3" ? { attribute: SIZE_ATTRIBUTES[interop] } : {};
    const ref = refOf(this.#store.scheme, place);
    return {
      ...content,
      body: this.#pointer(place.key),
      claim: { ref, bytes: bytes.byteLength, sha256, ...attribute },
    };
  }

  read(content: Content, message: Attributes, how: Reading): Content | Promise<Content> {
    const headers = how.foreign ? how.native : copiedHeaders(message);
    const target = this.#targetOf(content, message, headers);
    return target === undefined ? content : this.#fetch(target, content, headers !== undefined, how);
  }

  async #fetch(target: Target, content: Content, foreign: boolean, how: Reading): Promise<Content> {
    const { signal } = how;
    const expected = target.bytes ?? (await this.#troubles.watch("read", () => this.#store.size(target, signal)));
    const ref = this.#refOf(target);
    if (expected > MOST_BYTES)
      throw refused(ref, `it has ${expected} bytes; at most ${MOST_BYTES} (64 MiB) are fetched`);
    await how.reserve(expected);
    const bytes = await this.#troubles.watch("read", () => this.#download(target, expected, ref, signal));
    const { claim: _claim, ...rest } = content;
    const isText = content.coding === undefined && (foreign || TEXT.test(content.contentType)) && isUtf8(bytes);
    return { ...rest, body: isText ? bytes.toString() : bytes };
  }

  /** The whole object, checked. Never more than `expected` bytes are kept. */
  async #download(target: Target, expected: number, ref: string, signal: AbortSignal): Promise<Buffer> {
    // Own memory, not the shared pool: a small view would keep all of the pool.
    const bytes = Buffer.allocUnsafeSlow(expected);
    const hash = createHash("sha256");
    let at = 0;
    for await (const piece of this.#store.get(target, expected, signal)) {
      if (at + piece.byteLength > expected) throw damaged(ref, `it has more than the ${expected} bytes that were said`);
      bytes.set(piece, at);
      hash.update(piece);
      at += piece.byteLength;
    }
    if (at < expected) throw damaged(ref, `it has ${at} bytes, and ${expected} were said`);
    if (target.sha256 !== undefined && hash.digest("base64url") !== target.sha256)
      throw damaged(ref, "its SHA-256 is another one");
    return bytes;
  }

  /** Where the pointer of a message leads. Undefined if its body is not stored elsewhere. */
  #targetOf(
    { body, claim }: Pick<Content, "body" | "claim">,
    message: Attributes,
    headers: Readonly<Record<string, string>> | undefined,
  ): Target | undefined {
    // A `dataref` without a digest is another producer's, and stands beside the data.
    if (claim?.sha256 !== undefined) return this.#ownTarget(claim.ref, claim.bytes, claim.sha256, message);
    if (headers === undefined || this.#store.scheme !== "s3") return undefined;
    const pointer = readAmazonPointer(body, headers);
    if (pointer === undefined) return undefined;
    const place = this.#readable(pointer);
    if (place !== undefined) return { ...place, bytes: pointer.bytes };
    throw refused(this.#refOf(pointer), "it lies outside of what claimCheck.read lists");
  }

  #ownTarget(ref: string, bytes: number, sha256: string, message: Attributes): Target {
    const { own } = this.#settings;
    const found = fromRef(this.#store.scheme, ref);
    if (found === undefined) throw refused(ref, `the channel's store is ${this.#store.scheme}`);
    const isOwn = found.bucket === own.bucket && isKeyOf(found.key, own.prefix, message, sha256);
    const place = isOwn ? { ...own, key: found.key } : this.#readable(found);
    if (place === undefined)
      throw refused(
        ref,
        "it is not this message's object under the configured bucket and prefix, nor under claimCheck.read",
      );
    if (!Number.isSafeInteger(bytes) || bytes < 0) throw refused(ref, "the message does not say its size");
    return { ...place, bytes, sha256 };
  }

  /** The place, if it may be read because configuration lists it. */
  #readable({ bucket, key }: Pick<Place, "bucket" | "key">): Place | undefined {
    const by = this.#settings.read.find((each) => each.bucket === bucket && isUnder(key, each.prefix));
    return by === undefined ? undefined : { bucket, key, owner: by.owner };
  }

  #refOf(place: Pick<Place, "bucket" | "key">): string {
    return refOf(this.#store.scheme, place);
  }

  async renew(content: Pick<Content, "body" | "claim">, message: Attributes): Promise<void> {
    const target = this.#targetOf(content, message, copiedHeaders(message));
    if (target === undefined) return;
    const { own } = this.#settings;
    const isOurs = target.bucket === own.bucket && target.key.startsWith(`${own.prefix}/`);
    // The life of another producer's object is not ours to prolong. That it exists is all that can be made sure of.
    if (isOurs) await this.#store.renew(target);
    else await this.#store.size(target, new AbortController().signal);
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}

/** The attributes of a foreign message, from a copy that core made of it. Undefined: it is no such copy. */
const copiedHeaders = ({ source, headers }: Attributes): Attributes["headers"] | undefined =>
  source === FOREIGN_SOURCE ? headers : undefined;

function bytesOf(body: string | Uint8Array): Uint8Array {
  if (typeof body !== "string") return body;
  if (body.isWellFormed()) return Buffer.from(body);
  const text =
    "the body holds a lone surrogate (half of a UTF-16 pair), which UTF-8 cannot carry; pass well-formed text";
  throw new MessagingError("bad-text", text, { kind: "permanent" });
}

/** What is wrong with the store, by direction. Each is over when a call in that direction succeeds. */
class Troubles {
  readonly #tell: Trouble;
  readonly #now = new Map<"write" | "read", { readonly text: string; readonly needsPerson: boolean }>();

  constructor(tell: Trouble) {
    this.#tell = tell;
  }

  async watch<T>(direction: "write" | "read", call: () => Promise<T>): Promise<T> {
    try {
      const result = await call();
      this.#passed(direction);
      return result;
    } catch (error) {
      this.#failed(direction, error);
      throw error;
    }
  }

  #passed(direction: "write" | "read"): void {
    if (this.#now.delete(direction)) this.#report();
  }

  #failed(direction: "write" | "read", error: unknown): void {
    if (!isMessagingError(error) || error.kind === "closed") return;
    // The store has answered; what is wrong is the message.
    if (error.kind === "permanent") return this.#passed(direction);
    this.#now.set(direction, { text: error.message, needsPerson: error.kind === "auth" || error.kind === "config" });
    this.#report();
  }

  #report(): void {
    const all = [...this.#now.values()];
    if (all.length === 0) this.#tell(undefined);
    else
      this.#tell(
        all.map(({ text }) => text).join("; "),
        all.some(({ needsPerson }) => needsPerson),
      );
  }
}
