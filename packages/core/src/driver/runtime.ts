/**
 * Time, randomness and ids. No module of Switchyard reads a clock, sets a timer, draws a random number or makes an id in another
 * way; a lint rule enforces this. Tests can therefore replace all of them with a virtual clock.
 */
export interface Runtime {
  /** Milliseconds since the Unix epoch. It may jump when the machine's clock is set. */
  now(): number;
  /** Milliseconds since an arbitrary start. It never goes back. */
  monotonic(): number;
  /** Resolves after `ms` milliseconds, or as soon as `signal` aborts. It never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /**
   * Calls `fn` once after `ms` milliseconds unless it is disposed, outside of the caller's async context. A pending timer keeps the process
   * alive, as in Node.
   */
  timer(ms: number, fn: () => void): RuntimeTimer;
  /** Calls `fn` at the end of the current tick, after all pending microtasks, outside of the caller's async context. */
  defer(fn: () => void): void;
  /** A random number in [0, 1), uniformly distributed. */
  random(): number;
  /** A new RFC 9562 UUID. */
  uuid(): string;
}

/** A pending call of {@link Runtime.timer}. Disposing it cancels the call. */
export interface RuntimeTimer extends Disposable {
  /** Lets the process exit while the call is pending. Absent if a pending call does not keep the process alive. */
  unref?(): void;
}
