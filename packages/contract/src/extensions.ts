/** Keys and a store for the suite's own cases. They hide and hold bodies, but protect nothing: only what core does with them is tested. */
import { createHash } from "node:crypto";
import { MessagingError } from "@switchyard/core";
import type {
  Attributes,
  Cipher,
  ClaimCheck,
  ClaimCheckExtension,
  Coding,
  Content,
  KeysExtension,
  Reading,
} from "@switchyard/core/pipeline";
import { anything } from "./schema.ts";

const JOSE = "application/jose";

/** What a case decides about the suite's keys and its store, and what was done with them. */
export class Extras {
  /** False: the keys and the store cannot be used now. */
  available = true;
  /** For how long a message is tried that cannot be read meanwhile. Undefined: forever. */
  giveUpAfterMs: number | undefined;
  sealed = 0;
  opened = 0;
  stored = 0;
  fetched = 0;
  readonly objects = new Map<string, Uint8Array>();

  readonly keys: KeysExtension = {
    kind: "keys",
    names: [],
    options: anything,
    open: async () => ({
      summary: "the suite's",
      cipher: ({ context, contexts, accept }) => this.#cipher(context, contexts, accept),
      close: async () => {},
    }),
  };

  readonly store: ClaimCheckExtension = {
    kind: "claim-check",
    names: [],
    options: anything,
    open: async () => this.#claimCheck(),
  };

  #check(): void {
    if (this.available) return;
    const text = "the suite's keys and store are not available";
    throw new MessagingError("suite-unavailable", text, { kind: "retryable", giveUpAfterMs: this.giveUpAfterMs });
  }

  #cipher(context: string, contexts: readonly string[], accept: "required" | "optional"): Cipher {
    const seal = (
      body: string | Uint8Array,
      contentType: string,
      coding: Coding | undefined,
      message: Attributes,
    ): string => {
      this.#check();
      this.sealed++;
      const sealed = {
        context,
        bound: boundOf(message),
        contentType,
        coding,
        body: hidden(Buffer.from(body)).toString("base64url"),
      };
      return hidden(Buffer.from(JSON.stringify(sealed))).toString("base64url");
    };
    const open = (text: string, message: Attributes): Content => {
      this.#check();
      this.opened++;
      const sealed = JSON.parse(hidden(Buffer.from(text, "base64url")).toString());
      if (!contexts.includes(sealed.context) || sealed.bound !== boundOf(message))
        throw new MessagingError("undecryptable", "its attributes are not those it was sealed with", {
          kind: "permanent",
        });
      return {
        body: hidden(Buffer.from(sealed.body, "base64url")),
        contentType: sealed.contentType,
        coding: sealed.coding,
      };
    };
    return {
      name: "encrypt",
      most: (bytes) => 2 * bytes + 1_000,
      // Not at once, so that core must wait for it.
      write: async ({ body, contentType, coding }, message) => ({
        body: seal(body, contentType, coding, message),
        contentType: JOSE,
      }),
      read: async (content, message, how) => {
        if (content.contentType === JOSE) {
          const plain = open(textOf(content.body), message);
          await how.reserve(plain.body.length);
          how.encrypted();
          return plain;
        }
        if (accept === "optional") return content;
        throw new MessagingError("not-encrypted", "it is not encrypted", { kind: "permanent" });
      },
      sealText: (text, message) => seal(text, "text/plain", undefined, message),
      openText: (sealed, message) => textOf(open(sealed, message).body),
    };
  }

  #claimCheck(): ClaimCheck {
    return {
      name: "claim-check",
      summary: "the suite's",
      most: () => 200,
      write: async (content, { channel, id }) => {
        this.#check();
        this.stored++;
        const object = Buffer.from(content.body);
        const ref = `suite://${channel}/${encodeURIComponent(id)}`;
        this.objects.set(ref, object);
        const sha256 = createHash("sha256").update(object).digest("base64url");
        return { ...content, body: JSON.stringify({ ref }), claim: { ref, bytes: object.byteLength, sha256 } };
      },
      read: async (content, _message, how: Reading) => {
        if (content.claim === undefined) return content;
        this.#check();
        await how.reserve(content.claim.bytes);
        this.fetched++;
        const body = this.objects.get(content.claim.ref);
        if (body === undefined) throw new MessagingError("claim-missing", "its object is gone", { kind: "permanent" });
        return { ...content, body, claim: undefined };
      },
      renew: async ({ claim }) => {
        if (claim !== undefined && !this.objects.has(claim.ref))
          throw new MessagingError("claim-missing", "its object is gone", { kind: "permanent" });
      },
      close: async () => {},
    };
  }
}

/** Everything that a cipher must authenticate. What a dead-letter copy or a redrive changes is left out. */
function boundOf({ id, source, type, time, key, headers }: Attributes): string {
  const names = Object.entries(headers).sort(([one], [other]) => (one < other ? -1 : 1));
  return createHash("sha256")
    .update(JSON.stringify([id, source, type, time, key ?? null, names]))
    .digest("base64url");
}

/** The bytes, made unrecognizable, and back. */
const hidden = (bytes: Uint8Array): Buffer => Buffer.from(bytes.map((byte) => byte ^ 0x5a));
const textOf = (body: string | Uint8Array): string => (typeof body === "string" ? body : Buffer.from(body).toString());
