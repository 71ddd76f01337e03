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

/** `deniedMs`: how long a message waits whose object is refused. */
export function s3Store({ call, close }: Client, deniedMs: number): Store {
  async function readError(place: Place, cause: unknown): Promise<MessagingError> {
    if (isNamed(cause, "NoSuchKey", "NotFound")) return missing(ref(place), cause);
    if (isDenied(cause)) {
      // A role that may not list the whole bucket is answered so where the object is gone.
      const there = await isThere(call, place);
      if (there === false) return missing(ref(place), cause);
      const hint = there === true ? READ_RIGHTS : `${READ_RIGHTS}; ${LIST_RIGHTS}`;
      return denied(ref(place), hint, deniedMs, cause);
    }
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

const READ_RIGHTS = "allow s3:GetObject, the use of the bucket's KMS key if it has one, and check the owner";
const LIST_RIGHTS = "where the role may not list the prefix (s3:ListBucket), S3 also refuses an object that is gone";

/** Whether the object is there, as far as its prefix may be listed. Undefined: nobody knows. */
async function isThere(call: Call, { bucket, key, owner }: Place): Promise<boolean | undefined> {
  try {
    // The first key that begins so is the key itself, if it is there.
    const listed = await call("ListObjectsV2", { Bucket: bucket, ExpectedBucketOwner: owner, Prefix: key, MaxKeys: 1 });
    return listed.Contents?.[0]?.Key === key;
  } catch {
    return undefined;
  }
}

/** Whether the role may list the prefix. True also if nobody knows. */
export async function mayList(call: Call, { bucket, prefix, owner }: Readable, signal?: AbortSignal): Promise<boolean> {
  try {
    const of = { Bucket: bucket, ExpectedBucketOwner: owner, Prefix: `${prefix}/`, MaxKeys: 1 };
    await call("ListObjectsV2", of, signal);
    return true;
  } catch (cause) {
    return !isDenied(cause);
  }
}
