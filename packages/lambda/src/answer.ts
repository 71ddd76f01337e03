/** What a function answers to an event of a queue or of a stream [AWS developer guide, "Handling errors for an SQS event source"]. */
export interface Answer {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

/** Everything is done. */
export const ALL_DONE: Answer = { batchItemFailures: [] };

/** Names what must come again. An id that is unknown, empty or null would bring the whole batch back, so each is one of the event's. */
export const answerOf = (ids: Iterable<string>): Answer => ({
  batchItemFailures: [...ids].map((itemIdentifier) => ({ itemIdentifier })),
});
