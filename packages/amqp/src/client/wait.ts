import type { Runtime } from "@switchyard/core/driver";
import { AmqpFault } from "../errors.ts";

/** Settles as `work` does, unless a signal aborts (its reason is thrown) or the time is over first. */
export async function during<T>(
  work: Promise<T>,
  runtime: Runtime,
  limitMs: number,
  signals: readonly (AbortSignal | undefined)[],
  onLate: () => void = () => {},
): Promise<T> {
  let end = (): void => {};
  const cut = new Promise<never>((_, reject) => {
    const timer = runtime.timer(limitMs, () => {
      onLate();
      reject(new AmqpFault("retryable", "no-answer", `no answer from the broker within ${limitMs} ms`));
    });
    const stops = signals.map((signal) => {
      const abort = () => reject(signal!.reason);
      if (signal?.aborted === true) abort();
      else signal?.addEventListener("abort", abort, { once: true });
      return () => signal?.removeEventListener("abort", abort);
    });
    end = () => {
      timer[Symbol.dispose]();
      for (const stop of stops) stop();
    };
  });
  cut.catch(() => {});
  work.catch(() => {});
  try {
    return await Promise.race([work, cut]);
  } finally {
    end();
  }
}

/** Resolves when any of them aborts; `stop` ends the listening. */
export function aborted(...signals: readonly AbortSignal[]): { readonly promise: Promise<void>; stop(): void } {
  let wake = (): void => {};
  const promise = new Promise<void>((resolve) => {
    wake = resolve;
  });
  for (const signal of signals) {
    if (signal.aborted) wake();
    else signal.addEventListener("abort", wake, { once: true });
  }
  return { promise, stop: () => signals.forEach((signal) => signal.removeEventListener("abort", wake)) };
}
