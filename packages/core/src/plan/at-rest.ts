import { MessagingError, type ErrorDetails } from "../api/errors.ts";
import type { AtRest } from "./plan.ts";

/** The refusal of a resource that is not encrypted at rest although the configuration asks for it. Undefined if it may be used. */
export function notAtRest(
  wanted: AtRest | undefined,
  encrypted: boolean | undefined,
  physicalName: string,
  context: Pick<ErrorDetails, "channel" | "group">,
): MessagingError | undefined {
  if (wanted === undefined || encrypted === true || (encrypted === undefined && wanted === "assume")) return undefined;
  const why =
    encrypted === false
      ? "is stored unencrypted, and atRest asks for encryption; encrypt it, or leave atRest out"
      : "cannot say whether it is encrypted at rest; if its disks are, set atRest: assume";
  return new MessagingError("not-encrypted-at-rest", `"${physicalName}" ${why}`, { ...context, kind: "config" });
}
