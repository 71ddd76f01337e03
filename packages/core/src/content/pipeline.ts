/** The steps of one channel, in their order. */
import { MessagingError } from "../api/errors.ts";
import { JOSE_TYPE } from "../base/media-type.ts";
import { sizeOf } from "./carried.ts";
import { Compression, type CompressOptions } from "./compress.ts";
import type { Attributes, Content, Reading, Writing } from "../pipeline/content.ts";
import type { Cipher, ClaimCheck } from "../pipeline/extension.ts";

export interface PipelineParts {
  readonly channel: string;
  readonly compress?: CompressOptions | undefined;
  readonly cipher?: Cipher | undefined;
  readonly claimCheck?: ClaimCheck | undefined;
  /** A message larger than this many bytes is stored elsewhere even if it would fit. */
  readonly claimAbove?: number | undefined;
}

/** Turns a serialised body into what stands on the wire, and back. A pipeline without parts only reads. */
export class Pipeline {
  readonly cipher: Cipher | undefined;
  readonly claimCheck: ClaimCheck | undefined;
  readonly claimAbove: number;
  readonly #channel: string;
  readonly #compression: Compression;

  constructor({ channel, compress, cipher, claimCheck, claimAbove }: PipelineParts) {
    this.#channel = channel;
    this.#compression = new Compression(compress);
    this.cipher = cipher;
    this.claimCheck = claimCheck;
    this.claimAbove = claimAbove ?? Number.POSITIVE_INFINITY;
  }

  /**
   * Compresses and encrypts. `check` gets the most bytes that the encrypted body may have, before any key is asked for. It throws
   * if that is too large.
   */
  write(
    content: Content,
    message: Attributes,
    how: Writing,
    check: (most: number) => void,
  ): Content | Promise<Content> {
    const { cipher } = this;
    // An encrypted body is base64 text on every transport, whatever its compression.
    const compressing = cipher === undefined ? how : { ...how, binary: true };
    const compressed = this.#compression.write(content, message, compressing);
    if (cipher === undefined) return compressed;
    const encrypt = (plain: Content): Content | Promise<Content> => {
      check(cipher.most(sizeOf(plain)));
      return cipher.write(plain, message, how);
    };
    return compressed instanceof Promise ? compressed.then(encrypt) : encrypt(compressed);
  }

  /** Undoes the steps, backwards. */
  read(content: Content, message: Attributes, how: Reading): Content | Promise<Content> {
    const fetched = this.#fetch(content, message, how);
    return fetched instanceof Promise
      ? fetched.then((whole) => this.#decrypt(whole, message, how))
      : this.#decrypt(fetched, message, how);
  }

  #fetch(content: Content, message: Attributes, how: Reading): Content | Promise<Content> {
    if (this.claimCheck !== undefined) return this.claimCheck.read(content, message, how);
    // Another producer's event may name a dataref beside its data.
    if (content.claim?.sha256 === undefined) return content;
    const why = "its body is stored elsewhere, and the channel has no `claimCheck` to read it";
    throw new MessagingError("claim-not-configured", `"${this.#channel}": ${why}`, { kind: "permanent" });
  }

  #decrypt(content: Content, message: Attributes, how: Reading): Content | Promise<Content> {
    const { cipher } = this;
    if (cipher === undefined) {
      if (content.contentType === JOSE_TYPE) throw this.#noKeys();
      return this.#compression.read(content, message, how);
    }
    const opened = cipher.read(content, message, how);
    return opened instanceof Promise
      ? opened.then((plain) => this.#compression.read(plain, message, how))
      : this.#compression.read(opened, message, how);
  }

  #noKeys(): MessagingError {
    const why = "it is encrypted, and the channel has no `encrypt` to read it";
    return new MessagingError("encryption-not-configured", `"${this.#channel}": ${why}`, { kind: "permanent" });
  }
}
