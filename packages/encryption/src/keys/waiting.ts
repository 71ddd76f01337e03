/** Waits for a shared result until `signal` aborts. The work goes on for those who still wait. */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined, reason: () => Error): Promise<T> {
  if (signal === undefined) return work;
  if (signal.aborted) {
    // A later rejection must not be reported as unhandled.
    work.catch(() => {});
    return Promise.reject(reason());
  }
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const onAbort = (): void => reject(reason());
  signal.addEventListener("abort", onAbort, { once: true });
  const done = (): void => signal.removeEventListener("abort", onAbort);
  void work.then(resolve, reject).finally(done);
  return promise;
}
