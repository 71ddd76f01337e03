const SIGNALS = ["SIGTERM", "SIGINT"] as const;

/** Resolves `first` at the first SIGTERM, SIGINT or abort of `signal`. Calls `again` at each further one. */
export function untilSignal(
  signal: AbortSignal | undefined,
  again: () => void,
): { readonly first: Promise<void>; readonly seen: boolean; readonly dispose: () => void } {
  let seen = 0;
  let resolve!: () => void;
  const first = new Promise<void>((done) => {
    resolve = done;
  });
  const listen = () => {
    if (++seen === 1) resolve();
    else again();
  };
  for (const name of SIGNALS) process.on(name, listen);
  if (signal?.aborted) listen();
  signal?.addEventListener("abort", listen, { once: true });
  const dispose = () => {
    for (const name of SIGNALS) process.off(name, listen);
    signal?.removeEventListener("abort", listen);
  };
  return {
    first,
    dispose,
    get seen() {
      return seen > 0;
    },
  };
}
