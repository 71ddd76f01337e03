import type { Runtime } from "@switchyard/core/driver";

/** What `work` brings within the time; undefined when that passed, or on abort. `work` goes on. */
export async function within<T>(
  runtime: Runtime,
  ms: number,
  signal: AbortSignal,
  work: Promise<T>,
): Promise<T | undefined> {
  const over = new AbortController();
  try {
    return await Promise.race([
      work,
      runtime.sleep(Math.max(ms, 0), AbortSignal.any([signal, over.signal])).then(() => undefined),
    ]);
  } finally {
    over.abort();
    // Nobody may be left to hear of it.
    work.catch(() => {});
  }
}
