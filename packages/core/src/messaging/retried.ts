/** Operations for people survive short faults: throttling, a server error, a cut connection. */
import { MessagingError } from "../api/errors.ts";
import { formatDuration } from "../api/duration.ts";
import type { Runtime } from "../driver/runtime.ts";
import { reconnectMs } from "../plan/backoff.ts";

/** Tries in all. With the waits between them, about five seconds: a person or a deployment waits for the result. */
const TRIES = 6;

/**
 * Runs an operation, and again after a fault that passes by itself, with growing and jittered waits. The operation must be idempotent,
 * and must reject with a MessagingError. Gives up at once on any other fault, and when the signal aborts.
 */
export async function retried<T>(
  runtime: Pick<Runtime, "monotonic" | "sleep" | "random">,
  signal: AbortSignal,
  run: () => Promise<T>,
): Promise<T> {
  const began = runtime.monotonic();
  for (let tries = 1; ; tries++) {
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof MessagingError) || !passes(error) || signal.aborted) throw error;
      if (tries === TRIES) throw givenUp(error, tries, runtime.monotonic() - began);
      await runtime.sleep(Math.max(reconnectMs(tries, runtime.random), error.retryAfterMs ?? 0), signal);
      if (signal.aborted) throw error;
    }
  }
}

const passes = ({ kind }: MessagingError): boolean =>
  kind === "retryable" || kind === "throttled" || kind === "ambiguous";

function givenUp(error: MessagingError, tries: number, ms: number): MessagingError {
  const { code, kind, channel, group, cause, retryAfterMs } = error;
  const text = `${error.message}; tried ${tries} times within ${formatDuration(Math.round(ms))}`;
  return new MessagingError(code, text, { kind, channel, group, cause, retryAfterMs });
}
