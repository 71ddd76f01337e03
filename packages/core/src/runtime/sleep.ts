import type { Runtime } from "../driver/runtime.ts";

/** Makes {@link Runtime.sleep} from {@link Runtime.timer}. */
export function sleepOver(timer: Runtime["timer"]): Runtime["sleep"] {
  return (ms, signal) => {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        pending[Symbol.dispose]();
        signal?.removeEventListener("abort", done);
        resolve();
      };
      const pending = timer(ms, done);
      signal?.addEventListener("abort", done, { once: true });
    });
  };
}
