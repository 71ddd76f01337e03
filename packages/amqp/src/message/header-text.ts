import { Buffer } from "node:buffer";

/** Deeper headers are not read, so that they cannot exhaust the stack. No real producer nests them so deep. */
const MAX_DEPTH = 50;

/**
 * A header of any AMQP type as text: numbers and booleans as written, times in ISO 8601, bytes in base64, the rest as JSON.
 * Never throws. Undefined for what is nested deeper than 50 levels; it is still in the raw message.
 */
export function headerText(value: unknown): string | undefined {
  if (value === null || value === undefined) return undefined;
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "bigint") return String(value);
  if (Buffer.isBuffer(value)) return value.toString("base64");
  const found = plain(value, 0);
  return found === TOO_DEEP ? undefined : JSON.stringify(found);
}

const TOO_DEEP = Symbol("too deep");

function plain(value: unknown, depth: number): unknown {
  if (depth > MAX_DEPTH) return TOO_DEEP;
  if (Buffer.isBuffer(value)) return value.toString("base64");
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "object" || value === null) return value;
  const copy: unknown = Array.isArray(value) ? [] : Object.create(null);
  for (const [name, inner] of Object.entries(value)) {
    const found = plain(inner, depth + 1);
    if (found === TOO_DEEP) return TOO_DEEP;
    (copy as Record<string, unknown>)[name] = found;
  }
  return copy;
}
