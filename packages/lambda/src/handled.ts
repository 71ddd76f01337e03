import type { MessagingError } from "@switchyard/core/driver-kit";
import type { EventResult, Verdict } from "@switchyard/core/push";
import type { Answer } from "./answer.ts";

/** What an event came to, with its answer. `failed`: the function fails with it, because the mapping does not read the answer. */
export interface Handled extends EventResult {
  readonly answer: Answer;
  readonly failed?: MessagingError;
}

/** True if the message needs not come again. */
export const isDone = (verdict: Verdict): boolean => verdict === "ack" || verdict === "dead";
