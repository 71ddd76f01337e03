import type { Runtime } from "../driver/runtime.ts";

/**
 * Waits for `work` for at most `ms` milliseconds. Resolves with its result, or with undefined after that time or when `signal` aborts.
 * Rejects if `work` rejects in time. It does not stop `work`, and ignores its later result.
 */
export async function within<T>(
  runtime: Pick<Runtime, "sleep">,
  ms: number,
  work: Promise<T>,
  signal?: AbortSignal,
): Promise<T | undefined> {
  const over = new AbortController();
  const ended = signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]);
  try {
    return await Promise.race([work, runtime.sleep(Math.max(ms, 0), ended).then(() => undefined)]);
  } finally {
    over.abort();
    // A later rejection must not be reported as unhandled.
    work.catch(() => {});
  }
}
