/** Objects in S3. */
import { MessagingError } from "@switchyard/core/driver-kit";
import { damaged, denied, missing } from "../errors.ts";
import { type Place, type Readable, refOf } from "../places.ts";
import type { Store } from "../store.ts";
import type { Client } from "./client.ts";
import { errorOf, isDenied, isNamed } from "./errors.ts";
import type { Call } from "./sdk.ts";

const on = ({ bucket, key, owner }: Place) => ({ Bucket: bucket, Key: key, ExpectedBucketOwner: owner });
const ref = (place: Place): string => refOf("s3", place);

/** `readable`: the parts of buckets that are read. `deniedMs`: how long a message waits whose object is refused. */
export function s3Store({ call, close }: Client, readable: readonly Readable[], deniedMs: number): Store {
  const lists = new ListRights(call, readable);

  async function readError(place: Place, cause: unknown): Promise<MessagingError> {
    if (isNamed(cause, "NoSuchKey", "NotFound")) return missing(ref(place), cause);
    if (isDenied(cause)) return denied(ref(place), await lists.hint(place), deniedMs, cause);
    return errorOf(cause, `reading ${ref(place)}`);
  }

  return {
    scheme: "s3",
    put: async (place, bytes, { sha256, contentType }, signal) => {
      try {
        await call(
          "PutObject",
          {
            ...on(place),
            Body: bytes,
            ContentType: contentType,
            ChecksumSHA256: Buffer.from(sha256, "base64url").toString("base64"),
          },
          signal,
        );
      } catch (cause) {
        if (isDenied(cause)) throw putDenied(place, cause);
        throw errorOf(cause, `storing the message in bucket "${place.bucket}"`);
      }
    },
    size: async (place, signal) => {
      try {
        // HEAD has no body, so its errors cannot be told apart. One byte has both, and needs the same right.
        const { Body, ContentRange } = await call("GetObject", { ...on(place), Range: "bytes=0-0" }, signal);
        Body?.destroy?.();
        const size = Number(/\/(\d+)$/.exec(ContentRange ?? "")?.[1]);
        if (!Number.isSafeInteger(size)) throw noSize(place);
        return size;
      } catch (cause) {
        if (isNamed(cause, "InvalidRange")) return 0;
        throw await readError(place, cause);
      }
    },
    get: (place, bytes, signal) => download(call, place, bytes, signal, readError),
    renew: async (place) => {
      try {
        // S3 copies an object onto itself only if something changes. The content type is the only metadata.
        await call("CopyObject", {
          ...on(place),
          CopySource: `${place.bucket}/${place.key.split("/").map(encodeURIComponent).join("/")}`,
          ExpectedSourceBucketOwner: place.owner,
          MetadataDirective: "REPLACE",
          ContentType: "application/octet-stream",
          ChecksumAlgorithm: "SHA256",
        });
      } catch (cause) {
        throw await readError(place, cause);
      }
    },
    close: async () => close(),
  };
}

async function* download(
  call: Call,
  place: Place,
  bytes: number,
  signal: AbortSignal,
  readError: (place: Place, cause: unknown) => Promise<MessagingError>,
): AsyncGenerator<Uint8Array> {
  let at = 0;
  try {
    const { Body, ContentLength } = await call("GetObject", on(place), signal);
    if (Body === undefined) throw cutShort(place);
    const stop = (): void => void Body.destroy?.(abortError());
    signal.addEventListener("abort", stop, { once: true });
    try {
      if (signal.aborted) throw abortError();
      if (ContentLength !== undefined && ContentLength !== bytes)
        throw damaged(ref(place), `it has ${ContentLength} bytes, and ${bytes} were said`);
      for await (const piece of Body) {
        at += piece.byteLength;
        yield piece;
      }
      // The connection ended early without an error. The object itself is whole.
      if (ContentLength !== undefined && at < ContentLength) throw cutShort(place);
    } finally {
      signal.removeEventListener("abort", stop);
      Body.destroy?.();
    }
  } catch (cause) {
    throw await readError(place, cause);
  }
}

const abortError = (): Error => Object.assign(new Error("The operation was aborted"), { name: "AbortError" });

const cutShort = (place: Place): MessagingError =>
  new MessagingError("connection-lost", `reading ${ref(place)}: the answer was cut short`, { kind: "retryable" });

const noSize = (place: Place): MessagingError =>
  new MessagingError("unexpected-answer", `reading ${ref(place)}: the answer has no size; check the endpoint`, {
    kind: "retryable",
  });

const WRITE_RIGHTS =
  "allow s3:PutObject on the prefix, the use of the bucket's KMS key if it has one, and check claimCheck.owner";

function putDenied(place: Place, cause: unknown): MessagingError {
  const text = `storing the message in bucket "${place.bucket}": S3 refuses; ${WRITE_RIGHTS}`;
  return new MessagingError("claim-denied", text, { kind: "auth", cause });
}

/**
 * Whether the role may list the prefixes that it reads. If not, S3 answers 403 for an object that is gone, so that a refused object
 * and a missing one look the same. Asked once, and only after something was refused.
 */
class ListRights {
  readonly #call: Call;
  readonly #readable: readonly Readable[];
  readonly #asked = new Map<Readable, Promise<boolean>>();

  constructor(call: Call, readable: readonly Readable[]) {
    this.#call = call;
    this.#readable = readable;
  }

  /** What to check, for a person. */
  async hint(place: Place): Promise<string> {
    const rights = "allow s3:GetObject, the use of the bucket's KMS key if it has one, and check the owner";
    const of = this.#readable.find(
      ({ bucket, prefix }) => bucket === place.bucket && (prefix === "" || place.key.startsWith(`${prefix}/`)),
    );
    if (of === undefined) return rights;
    const asking = this.#asked.get(of) ?? mayList(this.#call, of);
    this.#asked.set(of, asking);
    if (await asking) return rights;
    return `without s3:ListBucket for the prefix "${of.prefix}/" S3 refuses missing objects, too: allow it to tell them apart; ${rights}`;
  }
}

/** Lists at most one object of the prefix. True: it may be listed, or nobody knows. */
export async function mayList(call: Call, { bucket, prefix, owner }: Readable, signal?: AbortSignal): Promise<boolean> {
  const Prefix = prefix === "" ? "" : `${prefix}/`;
  try {
    await call("ListObjectsV2", { Bucket: bucket, ExpectedBucketOwner: owner, Prefix, MaxKeys: 1 }, signal);
    return true;
  } catch (cause) {
    return !isDenied(cause);
  }
}
