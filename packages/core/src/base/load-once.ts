/** A module that is imported when it is first asked for. */
export interface LoadOnce<M> {
  (): Promise<M>;
  /** The module, once it is there: for code that must not wait if it need not. */
  readonly loaded: M | undefined;
}

/**
 * Imports a module when it is first asked for. The promise is kept, because an `import()` takes turns of the event loop even if the module
 * is loaded. If it fails, the next call tries again.
 */
export function loadOnce<M>(load: () => Promise<M>): LoadOnce<M> {
  let loading: Promise<M> | undefined;
  const get = (): Promise<M> =>
    (loading ??= load().then(
      (module) => (once.loaded = module),
      (cause: unknown) => {
        loading = undefined;
        throw cause;
      },
    ));
  const once = Object.assign(get, { loaded: undefined as M | undefined });
  return once;
}
