/** How an envelope tells what was done to a body, and back. */
import type { Carried } from "../wire/envelope.ts";
import type { Coding, Content } from "../pipeline/content.ts";

/** The size of a body in bytes. */
export function sizeOf({ body }: Content): number {
  return Buffer.byteLength(body);
}

/** How the envelope tells of a content. Undefined if its body stands in the message as it is. */
export function carriedOf({ coding, claim }: Content): Carried | undefined {
  if (coding === undefined && claim === undefined) return undefined;
  return {
    ...(coding === undefined ? {} : { coding: coding.name, codedBytes: coding.bytes }),
    ...(claim === undefined ? {} : { ref: claim.ref, refBytes: claim.bytes }),
    ...(claim?.sha256 === undefined ? {} : { refSha256: claim.sha256 }),
    ...(claim?.attribute === undefined ? {} : { refAttribute: claim.attribute }),
  };
}

/** The content of a received message. */
export function contentOf(body: string | Uint8Array, contentType: string, carried: Carried | undefined): Content {
  if (carried === undefined) return { body, contentType };
  const { coding, codedBytes, ref, refBytes, refSha256 } = carried;
  return {
    body,
    contentType,
    // Without a size the coding is another producer's. One of ours that this version does not know is refused by the step.
    ...(coding === undefined || codedBytes === undefined
      ? {}
      : { coding: { name: coding as Coding["name"], bytes: codedBytes } }),
    ...(ref === undefined ? {} : { claim: { ref, bytes: refBytes ?? Number.NaN, sha256: refSha256 } }),
  };
}
