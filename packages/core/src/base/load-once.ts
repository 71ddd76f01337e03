/**
 * Imports a module when it is first asked for. The promise is kept, because an `import()` takes turns of the event loop even if the module
 * is loaded. If it fails, the next call tries again.
 */
export function loadOnce<M>(load: () => Promise<M>): () => Promise<M> {
  let loading: Promise<M> | undefined;
  return () =>
    (loading ??= load().catch((cause: unknown) => {
      loading = undefined;
      throw cause;
    }));
}
