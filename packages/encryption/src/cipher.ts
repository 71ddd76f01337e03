/** The step of one channel: encrypts bodies and short texts, and opens them again. */
import type { KeyObject } from "node:crypto";
import { excerpt, isMessagingError, MessagingError } from "@switchyard/core/driver-kit";
import type { Attributes, Cipher, CipherOptions, Content, Reading, Writing } from "@switchyard/core/pipeline";
import { aborted, notEncrypted, undecryptable, unknownKey } from "./errors.ts";
import { bindingOf, textBindingOf } from "./jwe/binding.ts";
import { type Compact, compactText, readCompact, seal, sealedLength, unseal } from "./jwe/compact.ts";
import { base64urlLength } from "./jwe/base64url.ts";
import { headerStart, headerText, mostHeaderBytes, type ProtectedHeader } from "./jwe/header.ts";
import type { ReadKeys } from "./keys/read-keys.ts";
import { untilAborted } from "./keys/waiting.ts";
import type { WriteKey, WriteKeys } from "./keys/write-keys.ts";
import { IV_BYTES, MOST_CONTENT_TYPE, WRAPPED_BYTES } from "./limits.ts";
import type { OpenedProvider, Scope } from "./provider.ts";
import type { RandomSource } from "./random-source.ts";

/** The media type of a compact JWE [RFC 7515, 9.2.1]. */
const JOSE_TYPE = "application/jose";
const DECLARED = /^application\/jose\s*(?:;|$)/i;
/** The content type of a short text beside a body. It is authenticated, so that neither can stand in the other's place. */
const TEXT_TYPE = "text/vnd.switchyard.beside";
/** The most characters of a KMS key's ARN, and of its ciphertext of a data key, with room to spare. The real size is checked later. */
const USUAL_KID = 200;
const USUAL_WRAPPED = 400;

export interface CipherParts extends OpenedProvider {
  /** The entry's name, for errors. */
  readonly entry: string;
  readonly writeKeys: WriteKeys;
  readonly readKeys: ReadKeys;
  readonly random: RandomSource;
}

export class JweCipher implements Cipher {
  readonly name = "encrypt";
  readonly #parts: CipherParts;
  readonly #options: CipherOptions;

  constructor(parts: CipherParts, options: CipherOptions) {
    this.#parts = parts;
    this.#options = options;
  }

  most(bytes: number): number {
    const { alg } = this.#parts;
    const start = headerStart(alg, "x".repeat(USUAL_KID), this.#options.context, undefined);
    return alg === "dir"
      ? sealedLength(mostHeaderBytes(start) + base64urlLength(USUAL_WRAPPED), 0, bytes)
      : sealedLength(mostHeaderBytes(start), base64urlLength(WRAPPED_BYTES), bytes);
  }

  write(content: Content, message: Attributes, how: Writing): Content | Promise<Content> {
    const { body, contentType } = content;
    checkWritable(body, contentType, message);
    const key = this.#parts.writeKeys.take(this.#scopeOf(this.#options.context, message.type), Buffer.byteLength(body));
    return key instanceof Promise
      ? untilAborted(key, how.signal, () => aborted(message)).then((ready) => this.#write(ready, content, message))
      : this.#write(key, content, message);
  }

  #write(key: WriteKey, { body, contentType, coding }: Content, message: Attributes): Content {
    const { expiresAt } = message;
    const binding = bindingOf(this.#options.context, contentType, { ...message, expiresAt });
    return { body: this.#seal(key, { contentType, binding, expiresAt, coding }, body), contentType: JOSE_TYPE };
  }

  #seal(
    key: WriteKey,
    more: Pick<ProtectedHeader, "contentType" | "binding" | "expiresAt" | "coding">,
    body: string | Uint8Array,
  ): string {
    const { alg, random } = this.#parts;
    return seal(key.key, random(IV_BYTES), headerText(key.header, alg, more), key.encryptedKey, body);
  }

  read(content: Content, message: Attributes, how: Reading): Content | Promise<Content> {
    const text = compactText(content.body, DECLARED.test(content.contentType));
    if (text === undefined) {
      if (this.#options.accept === "optional") return content;
      throw notEncrypted(message);
    }
    const compact = about(message, () => readCompact(text));
    const { header } = compact;
    this.#checkContext(header, message);
    this.#checkBinding(header, message);
    const key = this.#keyOf(header, message);
    const reserved = how.reserve(compact.ciphertext.byteLength);
    const opened = (plain: Buffer): Content => {
      how.encrypted();
      const { contentType, coding } = header;
      return { body: plain, contentType, ...(coding === undefined ? {} : { coding }) };
    };
    const open = (): Content | Promise<Content> => {
      const plain = this.#open(compact, key, this.#scopeOf(header.context, message.type), message, how.signal);
      return plain instanceof Promise ? plain.then(opened) : opened(plain);
    };
    return reserved instanceof Promise ? reserved.then(open) : open();
  }

  #checkContext({ context }: ProtectedHeader, message: Attributes): void {
    const { contexts, channel } = this.#options;
    if (contexts.includes(context)) return;
    const why = `it belongs to the encryption context ${excerpt(context, 100)}, and "${channel}" reads ${contexts.map((each) => JSON.stringify(each)).join(", ")}. It was moved here from another channel, or encrypt.context differs between publisher and consumer`;
    throw undecryptable(why, message);
  }

  #checkBinding({ context, contentType, binding, expiresAt: own }: ProtectedHeader, message: Attributes): void {
    // A dead letter and what is redriven have lost their expiry; a message on its first way has not.
    const expiresAt = message.expiresAt ?? (message.hop > 0 ? own : undefined);
    if (contentType !== TEXT_TYPE && bindingOf(context, contentType, { ...message, expiresAt }) === binding) return;
    const why =
      "its attributes are not those that it was encrypted with: id, source, type, time, key, expiry or headers were changed after it was published, or its body belongs to another message. Look for what copies or changes messages between publisher and consumer";
    throw undecryptable(why, message);
  }

  /** The configured key. What a message names is looked up, and never tried. */
  #keyOf({ alg, kid }: ProtectedHeader, message: Attributes): string {
    const { provider, entry, waitMs } = this.#parts;
    const key = provider.keyOf(kid);
    if (key === undefined) throw unknownKey(kid, entry, waitMs, message);
    if (alg !== this.#parts.alg)
      throw undecryptable(`it has alg ${alg}, and keys.${entry} reads ${this.#parts.alg}`, message);
    return key;
  }

  #scopeOf(context: string, type: string): Scope {
    return this.#parts.provider.perType ? { context, type } : { context };
  }

  #open(
    compact: Compact,
    key: string,
    scope: Scope,
    message: Attributes,
    signal: AbortSignal | undefined,
  ): Buffer | Promise<Buffer> {
    const dataKey = about(message, () => this.#parts.readKeys.get(compact.wrapped, key, scope));
    const open = (found: KeyObject): Buffer => about(message, () => unseal(found, compact));
    if (!(dataKey instanceof Promise)) return open(dataKey);
    return untilAborted(dataKey, signal, () => aborted(message)).then(open, (error: unknown) => {
      throw named(error, message);
    });
  }

  sealText(text: string, message: Attributes): string | Promise<string> {
    const { context } = this.#options;
    const binding = textBindingOf(context, TEXT_TYPE, message);
    const key = this.#parts.writeKeys.take({ context }, Buffer.byteLength(text));
    const done = (ready: WriteKey): string =>
      this.#seal(ready, { contentType: TEXT_TYPE, binding, expiresAt: undefined, coding: undefined }, text);
    return key instanceof Promise ? key.then(done) : done(key);
  }

  openText(sealed: string, message: Attributes): string | Promise<string> {
    const compact = about(message, () => readCompact(sealed));
    const { header } = compact;
    this.#checkContext(header, message);
    if (header.contentType !== TEXT_TYPE || header.binding !== textBindingOf(header.context, TEXT_TYPE, message))
      throw undecryptable("this text belongs to another message", message);
    const key = this.#keyOf(header, message);
    const plain = this.#open(compact, key, { context: header.context }, message, undefined);
    return plain instanceof Promise ? plain.then(String) : plain.toString();
  }
}

function checkWritable(body: string | Uint8Array, contentType: string, message: Attributes): void {
  const { channel, id } = message;
  const refuse = (code: string, why: string): never => {
    throw new MessagingError(code, why, { kind: "permanent", channel, id });
  };
  if (typeof body === "string" && !body.isWellFormed())
    refuse(
      "bad-text",
      "the body holds a lone surrogate (half of a UTF-16 pair), which UTF-8 cannot carry; pass well-formed text",
    );
  if (contentType.length > MOST_CONTENT_TYPE)
    refuse(
      "bad-content-type",
      `the content type has ${contentType.length} characters, and an encrypted message carries at most ${MOST_CONTENT_TYPE}`,
    );
}

/** Runs `step`, whose errors then name the message. */
function about<T>(message: Attributes, step: () => T): T {
  try {
    return step();
  } catch (error) {
    throw named(error, message);
  }
}

/** An error may concern many messages at once, so each gets its own. */
function named(error: unknown, { channel, id }: Attributes): unknown {
  if (!isMessagingError(error) || error.id !== undefined) return error;
  const { code, message, kind, cause, retryAfterMs, giveUpAfterMs } = error;
  return new MessagingError(code, message, { kind, cause, retryAfterMs, giveUpAfterMs, channel, id });
}
