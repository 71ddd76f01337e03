/**
 * Switchyard on Amazon SQS.
 *
 * How the words map. A channel of model `queue` is one queue: a standard queue, or a FIFO queue where the channel declares an
 * ordering key. The ordering key is the message group id; a fairness key is the message group id of a standard queue. A message
 * travels as its body with String attributes: `type`, the envelope, the trace context and headers. A hold is a visibility timeout:
 * an ack deletes the message, a retry hides it for its delay, a release makes it visible at once. An attempt is a receive
 * (`ApproximateReceiveCount`), so releases count too. Dead letters are a queue of their own, which is also the queue's redrive
 * target for consumers that crash again and again.
 *
 * What is guaranteed. `publish()` resolves when SQS has stored the message. Delivery is at least once. A standard queue keeps no
 * order and may deliver twice; a FIFO queue keeps the order of each key and drops a repeated publish for five minutes.
 *
 * Limits. 1 MiB for body and attributes; 10 attributes with `type`; 10 messages a batch; 15 minutes of delay for a message of a
 * standard queue, none for a single message of a FIFO queue; 12 hours from a receive to the end of its hold, extensions and retry
 * delays included; 14 days of retention. All of them are in `limits.ts`.
 *
 * Configuration:
 *
 *     connections:
 *       jobs: { use: sqs, region: eu-west-1 }
 *     channels:
 *       video-uploads: { model: queue, on: jobs, groups: { encoder: { concurrency: 4 } } }
 */
import { adapter, type SqsKeeps } from "./adapter.ts";
import type { SqsOptions } from "./options.ts";

export { adapter, type SqsKeeps };
export type { SqsOptions } from "./options.ts";
export type { SqsClientLike } from "./sdk.ts";

/** A connection for `defineConfig`, or for a bundler that must see the adapter: `connections: { aws: sqs({ region: "eu-west-1" }) }`. */
export function sqs(options: SqsOptions = {}): { readonly use: typeof adapter } & SqsOptions {
  return { use: adapter, ...options };
}
