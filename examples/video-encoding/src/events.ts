import type { MessagingEvent } from "@switchyard/core";

/** One line for what somebody should know of; undefined for the rest. */
export function tell(event: MessagingEvent): string | undefined {
  if (event.type === "retry")
    return `  an upload failed and comes again in ${Math.round(event.delayMs)} ms: ${reasonOf(event.error)}`;
  if (event.level === "info") return undefined;
  const why = "reason" in event ? event.reason : "";
  const error = "error" in event && event.error !== undefined ? reasonOf(event.error) : "";
  return `  ${event.level}: ${[event.type, why, error].filter((part) => part !== "").join(", ")}`;
}

const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
