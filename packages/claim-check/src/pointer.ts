/**
 * What stands on the wire in place of a stored body. For S3 it is the pointer of Amazon's extended client libraries for SQS and SNS
 * (Java 2.1.2, Python 1.0.1). For other stores it is JSON of ours.
 */
import { MOST_POINTER } from "./limits.ts";
import { type Place, refOf } from "./places.ts";

/** `new`: the class and attribute of current libraries. `legacy`: those of Java's version 1, which reads no others. */
export type Interop = "new" | "legacy";

const CLASSES: Readonly<Record<Interop, string>> = {
  new: "software.amazon.payloadoffloading.PayloadS3Pointer",
  legacy: "com.amazon.sqs.javamessaging.MessageS3Pointer",
};

/** The number attribute that holds the size of the body, and by whose presence the libraries know a pointer. */
export const SIZE_ATTRIBUTES: Readonly<Record<Interop, string>> = {
  new: "ExtendedPayloadSize",
  legacy: "SQSLargePayloadSize",
};

/** Amazon's form for S3. */
export function amazonPointer({ bucket, key }: Pick<Place, "bucket" | "key">, interop: Interop): string {
  return JSON.stringify([CLASSES[interop], { s3BucketName: bucket, s3Key: key }]);
}

/** Our form for other stores. */
export function ownPointer(scheme: string, place: Pick<Place, "bucket" | "key">): string {
  return JSON.stringify({ dataref: refOf(scheme, place) });
}

/** A pointer that another producer wrote. */
export interface ForeignPointer {
  readonly bucket: string;
  readonly key: string;
  /** The size that the message states. Absent if it states none that can be read. */
  readonly bytes?: number;
}

/**
 * Reads a pointer of Amazon's libraries. Java and Python write the same JSON with different spaces. All four pairs of class and
 * attribute occur: by default Java writes the old attribute with the new class. Undefined: it is another message.
 *
 * @param headers The message's attributes. Their names are in lower case.
 */
export function readAmazonPointer(
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>>,
): ForeignPointer | undefined {
  const size = headers[LOWER.new] ?? headers[LOWER.legacy];
  if (size === undefined || body.length > MOST_POINTER) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(typeof body === "string" ? body : Buffer.from(body).toString());
  } catch {
    return undefined;
  }
  if (!Array.isArray(json) || json.length !== 2 || !Object.values(CLASSES).includes(json[0] as string))
    return undefined;
  const { s3BucketName: bucket, s3Key: key } = (json[1] ?? {}) as { s3BucketName?: unknown; s3Key?: unknown };
  if (typeof bucket !== "string" || typeof key !== "string") return undefined;
  return /^\d{1,15}$/.test(size) ? { bucket, key, bytes: Number(size) } : { bucket, key };
}

const LOWER = { new: SIZE_ATTRIBUTES.new.toLowerCase(), legacy: SIZE_ATTRIBUTES.legacy.toLowerCase() } as const;
