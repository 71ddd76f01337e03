import { setTimeout as sleep } from "node:timers/promises";

/** Calls `look` again and again, `everyMs` after the last call ended, until disposed. What it throws, `failed` rejects with. */
export function watch(
  look: () => Promise<void>,
  everyMs: number,
): AsyncDisposable & { readonly failed: Promise<never> } {
  const stopping = new AbortController();
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => {}); // whoever watches hears of it; nobody need to
  const looking = (async () => {
    while (!stopping.signal.aborted) {
      await look();
      await sleep(everyMs, undefined, { signal: stopping.signal }).catch(() => {});
    }
  })().catch(failed.reject);
  return {
    failed: failed.promise,
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await looking;
    },
  };
}
