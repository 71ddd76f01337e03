/** The current end of a stream's partition. AMQP 0-9-1 cannot tell it, so the last chunk is read. */
import type { Runtime } from "@switchyard/core/driver";
import type { AmqpMessage } from "../sdk.ts";
import { AmqpFault } from "../errors.ts";
import type { Link } from "../client/link.ts";
import { offsetOf } from "../message.ts";

/** After a silence of this length the last record has come. A busy stream is never silent, so there is a longest time too. */
const SILENCE_MS = 250;
const LONGEST_MS = 2_000;

/** The offset of the last record, or of one shortly before it if records keep coming. Undefined if there is none. */
export async function lastOffset(
  queue: string,
  link: Link,
  runtime: Runtime,
  signal: AbortSignal,
): Promise<number | undefined> {
  const channel = await link.channel(false, signal);
  try {
    // This finds a missing queue. The message count in the reply lags behind and is not used.
    await channel.rpc((raw) => raw.checkQueue(queue), signal);
    await channel.rpc((raw) => raw.prefetch(1_000), signal);
    let last: number | undefined;
    let wake = (): void => {};
    const arrived = (message: AmqpMessage | null) => {
      if (message === null)
        return channel.end(new AmqpFault("retryable", "consumer-cancelled", `the stream "${queue}" was deleted`));
      last = offsetOf(message) ?? last;
      channel.raw.ack(message);
      wake();
    };
    const options = { noAck: false, arguments: { "x-stream-offset": "last" } };
    await channel.rpc((raw) => raw.consume(queue, arrived, options), signal);
    const until = runtime.monotonic() + LONGEST_MS;
    while (runtime.monotonic() < until && !channel.over.aborted && !signal.aborted) {
      const before = last;
      const more = new AbortController();
      wake = () => more.abort();
      await runtime.sleep(before === undefined ? 2 * SILENCE_MS : SILENCE_MS, more.signal);
      if (last === before && !more.signal.aborted) break;
    }
    if (channel.over.aborted) throw channel.over.reason;
    return last;
  } finally {
    await channel.close();
  }
}
