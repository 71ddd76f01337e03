import { isMessagingError } from "@switchyard/core";
import { OTHER } from "./names.ts";

/** How many different codes become attribute values. Ours are about a hundred; a driver of another's making may have any. */
const MOST = 200;
const CODE = /^[a-z][a-z0-9-]{0,63}$/;
const known = new Set<string>();

/** A code as an attribute of a metric: never more than {@link MOST} values. */
export function bounded(code: string): string {
  if (known.has(code)) return code;
  if (code === "other" || known.size >= MOST || !CODE.test(code)) return OTHER;
  known.add(code);
  return code;
}

const types = new Set<string>();

/**
 * A message type as an attribute of a metric: never more than {@link MOST} values. A handler of `"*"` gets whatever types strangers send.
 */
export function boundedType(type: string): string {
  if (types.has(type)) return type;
  if (types.size >= MOST) return OTHER;
  types.add(type);
  return type;
}

/** `error.type` of what a handler threw. Its class and text may hold anything, so only the codes of Switchyard are told. */
export const codeOf = (error: unknown): string => (isMessagingError(error) ? bounded(error.code) : OTHER);
