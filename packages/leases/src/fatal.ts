import { isMessagingError } from "@switchyard/core/driver-kit";

/** True for errors that no retry can help. */
export const isFatal = (error: unknown): boolean =>
  isMessagingError(error) && (error.kind === "auth" || error.kind === "config" || error.kind === "permanent");
