import type { Runtime } from "@switchyard/core/driver";
import { anySignal, within } from "@switchyard/core/driver-kit";
import { AmqpFault } from "../errors.ts";

/**
 * Waits for the broker's answer. Throws the reason of the first signal that aborts before it comes. After `limitMs` it calls `onLate` and
 * throws `no-answer` (`retryable`).
 */
export async function answerWithin<T>(
  limitMs: number,
  work: Promise<T>,
  runtime: Runtime,
  signals: readonly (AbortSignal | undefined)[],
  onLate: () => void = () => {},
): Promise<T> {
  const given = signals.filter((signal) => signal !== undefined);
  using over = anySignal(...given);
  const answer = await within(
    runtime,
    limitMs,
    work.then((value) => ({ value })),
    over.signal,
  );
  if (answer !== undefined) return answer.value;
  for (const { aborted, reason } of given) if (aborted) throw reason;
  onLate();
  throw new AmqpFault("retryable", "no-answer", `no answer from the broker within ${limitMs} ms`);
}
