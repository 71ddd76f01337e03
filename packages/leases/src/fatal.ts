import { isMessagingError } from "@switchyard/core/driver-kit";

/** What no retry mends. */
export const isFatal = (error: unknown): boolean =>
  isMessagingError(error) && (error.kind === "auth" || error.kind === "config" || error.kind === "permanent");
