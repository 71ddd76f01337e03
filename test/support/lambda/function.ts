/** A function as the test's event source mappings see it: in this process, or behind the runtime client in another. */
import { systemRuntime } from "@switchyard/core";
import type { LambdaContext, LambdaHandler } from "@switchyard/lambda";

/** How an invocation ended. `failed`: it threw, took too long, or its process ended. */
export type Ended =
  | { readonly kind: "answered"; readonly answer: unknown }
  | { readonly kind: "failed"; readonly why: string; readonly error?: unknown };

/** Invokes the function with an event. Rejects never. */
export type Invoke = (event: object) => Promise<Ended>;

/** A handler in this process, with a time limit. A sandbox that takes too long is left alone. */
export function inProcess(handler: LambdaHandler, timeoutMs: number): Invoke {
  return async (event) => {
    const endAt = systemRuntime.monotonic() + timeoutMs;
    const context: LambdaContext = {
      awsRequestId: systemRuntime.uuid(),
      getRemainingTimeInMillis: () => Math.max(endAt - systemRuntime.monotonic(), 0),
    };
    const answered = new AbortController();
    const late = systemRuntime
      .sleep(timeoutMs, answered.signal)
      .then((): Ended => ({ kind: "failed", why: `Task timed out after ${timeoutMs} ms` }));
    // What Lambda gives a function is JSON.
    const work = handler(JSON.parse(JSON.stringify(event)), context).then(
      (answer): Ended => ({ kind: "answered", answer: JSON.parse(JSON.stringify(answer ?? null)) as unknown }),
      (error: unknown): Ended => ({ kind: "failed", why: String(error), error }),
    );
    const ended = await Promise.race([work, late]);
    answered.abort();
    return ended;
  };
}
