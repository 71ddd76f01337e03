import type { Runtime } from "@switchyard/core/driver";
import { fromFault, isMessagingError, MessagingError } from "@switchyard/core/driver-kit";
import type { LeaseEvent } from "./events.ts";
import type { LeaseStore } from "./store.ts";
import type { Times } from "./timing.ts";

/**
 * Makes the calls to the store and the source. It limits their time, classifies their errors, and reports the start and the end of an outage.
 * The outage of a kind of call ends with its next success, or once it has not failed for a lease's duration while other calls
 * succeed.
 */
export class Calls {
  readonly #store: LeaseStore;
  readonly #runtime: Runtime;
  readonly #times: Pick<Times, "callMs" | "leaseMs">;
  readonly #report: (event: LeaseEvent) => void;
  /** When each failing kind of call last failed. */
  readonly #down = new Map<string, { readonly what: "store" | "source"; at: number }>();

  constructor(
    store: LeaseStore,
    runtime: Runtime,
    times: Pick<Times, "callMs" | "leaseMs">,
    report: (event: LeaseEvent) => void,
  ) {
    this.#store = store;
    this.#runtime = runtime;
    this.#times = times;
    this.#report = report;
  }

  /** Rejects with a MessagingError. A call that takes too long counts as failed, and may still be carried out. */
  store<T>(doing: string, call: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.#call("store", doing, call, signal);
  }

  source<T>(doing: string, call: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.#call("source", doing, call, signal);
  }

  async #call<T>(
    what: "store" | "source",
    doing: string,
    call: (signal: AbortSignal) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    try {
      const result = await this.#bounded(doing, call, signal);
      if (this.#down.size > 0) this.#succeeded(what, doing);
      return result;
    } catch (cause) {
      const error = this.#named(what, doing, cause);
      if (signal?.aborted !== true) this.#failed(what, doing, error);
      throw error;
    }
  }

  #failed(what: "store" | "source", doing: string, error: unknown): void {
    const at = this.#runtime.monotonic();
    const down = this.#down.get(doing);
    if (down !== undefined) {
      down.at = at;
      return;
    }
    this.#down.set(doing, { what, at });
    this.#report({ type: "down", what, doing, code: codeOf(error), cause: error });
  }

  #succeeded(what: "store" | "source", doing: string): void {
    const old = this.#runtime.monotonic() - this.#times.leaseMs;
    for (const [each, down] of this.#down) {
      if (each !== doing && (down.what !== what || down.at > old)) continue;
      this.#down.delete(each);
      this.#report({ type: "up", what: down.what, doing: each });
    }
  }

  #named(what: "store" | "source", doing: string, cause: unknown): unknown {
    if (isMessagingError(cause) || what === "source") return cause;
    return fromFault(this.#store.classify(cause), `${this.#store.name}: ${doing}`, cause, {});
  }

  async #bounded<T>(doing: string, call: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const stop = new AbortController();
    let fail!: (error: Error) => void;
    const failed = new Promise<never>((_, reject) => {
      fail = reject;
    });
    const end = (error: MessagingError) => {
      fail(error);
      stop.abort(error);
    };
    const abort = () => end(new MessagingError("aborted", `${doing}: stopped`, { kind: "retryable" }));
    using _late = this.#runtime.timer(this.#times.callMs, () =>
      end(new MessagingError("timeout", `${doing}: no answer within ${this.#times.callMs} ms`, { kind: "retryable" })),
    );
    signal?.addEventListener("abort", abort, { once: true });
    try {
      if (signal?.aborted === true) abort();
      return await Promise.race([stop.signal.aborted ? failed : call(stop.signal), failed]);
    } finally {
      signal?.removeEventListener("abort", abort);
      failed.catch(() => {});
    }
  }
}

const codeOf = (error: unknown): string => (isMessagingError(error) ? error.code : "failed");
