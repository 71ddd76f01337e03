/**
 * The one door to time, chance and identity. No module of ours reads a clock, sets a timer, draws a random number or
 * makes an id by itself (a lint rule says so): that is what makes the virtual clock and the simulation possible.
 */
export interface Runtime {
  /** Milliseconds since the Unix epoch; may jump when the machine's clock is set. */
  now(): number;
  /** Milliseconds from an arbitrary start; never goes back. */
  monotonic(): number;
  /** Resolves after `ms`, or as soon as `signal` aborts. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `fn` once after `ms` unless disposed. Pending, it keeps the process alive, as Node's timers do. */
  timer(ms: number, fn: () => void): RuntimeTimer;
  /** Calls `fn` at the end of the current tick, after the microtasks that are due. */
  defer(fn: () => void): void;
  /** Uniform in [0, 1). */
  random(): number;
  /** A new RFC 9562 UUID. */
  uuid(): string;
}

/** A call that {@link Runtime.timer} has pending. Disposed, it is not made. */
export interface RuntimeTimer extends Disposable {
  /** Lets the process end while the call is pending. Absent where a pending one does not keep it alive. */
  unref?(): void;
}
