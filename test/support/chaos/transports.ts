/** The transports of chaos runs. `sqs` has the unordered channel alone and `sqs-fifo` the ordered one; the others have both. */
export const transports = ["rabbit", "sqs", "sqs-fifo", "sns", "kinesis"] as const;
export type Transport = (typeof transports)[number];
