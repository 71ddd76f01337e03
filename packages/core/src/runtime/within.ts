import type { Runtime } from "../driver/runtime.ts";

/** What `work` brings within `ms`; undefined when that passed, or when `sooner` aborts first. `work` goes on. Rejects as it does. */
export async function within<T>(
  runtime: Pick<Runtime, "sleep">,
  ms: number,
  work: Promise<T>,
  sooner?: AbortSignal,
): Promise<T | undefined> {
  const over = new AbortController();
  const signal = sooner === undefined ? over.signal : AbortSignal.any([sooner, over.signal]);
  try {
    return await Promise.race([work, runtime.sleep(Math.max(ms, 0), signal).then(() => undefined)]);
  } finally {
    over.abort();
    // Nobody may be left to hear of it.
    work.catch(() => {});
  }
}
