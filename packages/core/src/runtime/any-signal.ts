/**
 * Makes a signal that aborts as soon as one of `signals` does, and a promise that resolves then. Disposing it removes its listeners, which
 * `AbortSignal.any` cannot do.
 */
export function anySignal(
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
