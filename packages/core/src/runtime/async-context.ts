/**
 * Async contexts: the stores of `AsyncLocalStorage`, and the active span of OpenTelemetry, which is such a store. Loops, dials, timers
 * and batches serve everybody, so they run {@link outside} of everybody's context. Each handler runs in the context of its `consume()`.
 */
import { AsyncLocalStorage, AsyncResource } from "node:async_hooks";

const NAME = "switchyard";
/** Nothing here is ever destroyed explicitly, so Node need not watch for its collection. */
const OPTIONS = { requireManualDestroy: true };

/** An async context that was captured. `runInAsyncScope` calls a function in it and returns to the caller's. */
export type AsyncScope = Pick<AsyncResource, "runInAsyncScope">;

/**
 * For Node before 24, where `enterWith` writes into the scope that it is called in: each call gets a scope of its own, so that a
 * handler's `enterWith` does not reach the next one.
 */
class FreshScope extends AsyncResource {
  override runInAsyncScope<This, Result>(
    call: (this: This, ...given: any[]) => Result,
    self?: This,
    ...given: any[]
  ): Result {
    return super.runInAsyncScope(() => new AsyncResource(NAME, OPTIONS).runInAsyncScope(call, self, ...given));
  }
}

/** Whether a scope keeps what `enterWith` has set in it. */
function scopesKeepStores(): boolean {
  const probe = new AsyncLocalStorage<true>();
  const scope = new AsyncResource(NAME, OPTIONS);
  scope.runInAsyncScope(() => probe.enterWith(true));
  const kept = scope.runInAsyncScope(() => probe.getStore()) === true;
  probe.disable();
  return kept;
}

const Scope = scopesKeepStores() ? FreshScope : AsyncResource;

/** Captures the current async context. */
export const capturedContext = (): AsyncScope => new Scope(NAME, OPTIONS);

/** The context in which this module was imported: that of the program's start, which has no request, transaction or span. */
const START = capturedContext();

/** Calls a function outside of the caller's async context. What it starts does not keep the caller's stores. */
export const outside = <T>(call: () => T): T => START.runInAsyncScope(call);
