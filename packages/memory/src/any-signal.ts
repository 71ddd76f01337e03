/** Aborts as soon as one of the signals does; disposed, it listens to none. `AbortSignal.any` keeps listening. */
export function linked(
  ...signals: readonly AbortSignal[]
): { readonly signal: AbortSignal; readonly aborted: Promise<void> } & Disposable {
  const controller = new AbortController();
  const { promise, resolve } = Promise.withResolvers<void>();
  const abort = () => {
    controller.abort();
    resolve();
  };
  for (const signal of signals) {
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
  }
  return {
    signal: controller.signal,
    aborted: promise,
    [Symbol.dispose]: () => {
      for (const signal of signals) signal.removeEventListener("abort", abort);
    },
  };
}
