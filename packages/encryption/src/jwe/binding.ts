/** The binding: a hash over the attributes that stay readable beside an encrypted body. It stands in the protected header. */
import { hash } from "node:crypto";
import type { Attributes } from "@switchyard/core/pipeline";

/** What the hash covers of a message. */
export type Bound = Pick<Attributes, "id" | "source" | "type" | "time" | "key" | "headers"> & {
  /** Epoch milliseconds. A copy in a dead-letter queue has lost it: then that of the protected header. */
  readonly expiresAt: number | undefined;
};

/**
 * SHA-256, base64url, over a JSON array: context, id, source, type, time, key, expiry, content type, schema, headers. What is absent is
 * null. Times are epoch milliseconds as decimal digits, headers are [name, value], sorted by name. `schema` is kept for a schema's
 * id, and null today.
 */
export function bindingOf(context: string, contentType: string, message: Bound): string {
  const { id, source, type, time, key = null, expiresAt } = message;
  return hashOf([
    context,
    id,
    source,
    type,
    digits(time),
    key,
    expiresAt === undefined ? null : digits(expiresAt),
    contentType,
    null,
    sorted(message.headers),
  ]);
}

/** The binding of a short text beside a body: only what every copy of the message keeps, whatever its form. */
export function textBindingOf(
  context: string,
  contentType: string,
  { id, source }: Pick<Bound, "id" | "source">,
): string {
  return hashOf([context, id, source, null, null, null, null, contentType, null, []]);
}

const hashOf = (values: readonly unknown[]): string => hash("sha256", JSON.stringify(values), "base64url");

/** Whole milliseconds, which is what the wire carries. */
const digits = (ms: number): string => String(Math.trunc(ms));

function sorted(headers: Readonly<Record<string, string>>): readonly (readonly [string, string])[] {
  const entries = Object.entries(headers);
  return entries.length < 2 ? entries : entries.sort(([one], [other]) => (one < other ? -1 : 1));
}
