import type { Runtime } from "@switchyard/core/driver";
import { fromFault, isMessagingError, MessagingError } from "@switchyard/core/driver-kit";
import type { LeaseEvent } from "./events.ts";
import type { LeaseStore } from "./store.ts";

/** Calls to the store and to the source: bounded in time, their errors named, outages reported once. */
export class Calls {
  readonly #store: LeaseStore;
  readonly #runtime: Runtime;
  readonly #callMs: number;
  readonly #report: (event: LeaseEvent) => void;
  readonly #down = new Set<string>();

  constructor(store: LeaseStore, runtime: Runtime, callMs: number, report: (event: LeaseEvent) => void) {
    this.#store = store;
    this.#runtime = runtime;
    this.#callMs = callMs;
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
      if (this.#down.delete(doing)) this.#report({ type: "up", what, doing });
      return result;
    } catch (cause) {
      const error = this.#named(what, doing, cause);
      if (signal?.aborted !== true && !this.#down.has(doing)) {
        this.#down.add(doing);
        this.#report({ type: "down", what, doing, code: codeOf(error), cause: error });
      }
      throw error;
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
    using _late = this.#runtime.timer(this.#callMs, () =>
      end(new MessagingError("timeout", `${doing}: no answer within ${this.#callMs} ms`, { kind: "retryable" })),
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
