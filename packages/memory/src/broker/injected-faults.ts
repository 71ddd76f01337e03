import type { Fault } from "@switchyard/core/driver";
import { MemoryFault } from "../errors.ts";

/** The ways in which a test can make the broker fail. */
export type FailKind = "retryable" | "throttled" | "permanent" | "auth" | "config";

/** Faults that a test asked for, in that order. Each is used up by the calls it hits. */
export class InjectedFaults {
  #sends: { left: number; readonly stored: boolean }[] = [];
  #refusals: { left: number; readonly kind: FailKind }[] = [];
  #receives: { left: number; readonly kind: FailKind }[] = [];
  #acks: { left: number; readonly reply: "ok" | "error" }[] = [];
  #duplicates = 0;
  #drop: () => void = () => {};

  /** For the broker. */
  onDrop(drop: () => void): void {
    this.#drop = drop;
  }

  /** The next `times` sends end without an answer. The messages are stored anyway, unless `stored` is false. */
  ambiguousPublish(times = 1, options: { readonly stored?: boolean } = {}): void {
    this.#sends.push({ left: times, stored: options.stored ?? true });
  }

  /** The next `times` messages sent are refused, each by itself. */
  failPublish(times = 1, kind: FailKind = "retryable"): void {
    this.#refusals.push({ left: times, kind });
  }

  /** The next `times` receives fail. */
  failReceive(times = 1, kind: FailKind = "retryable"): void {
    this.#receives.push({ left: times, kind });
  }

  /** The next `times` acks never reach the broker. The caller gets an error or, with `reply: "ok"`, a success. */
  loseAcks(times = 1, options: { readonly reply?: "ok" | "error" } = {}): void {
    this.#acks.push({ left: times, reply: options.reply ?? "error" });
  }

  /** The next `times` messages are stored twice. */
  duplicate(times = 1): void {
    this.#duplicates += times;
  }

  /** Cuts every open connection: held messages go back, leases are lost, and senders must be opened again. */
  dropConnection(): void {
    this.#drop();
  }

  /** Forgets the faults that have not happened yet. */
  clear(): void {
    this.#sends = [];
    this.#refusals = [];
    this.#receives = [];
    this.#acks = [];
    this.#duplicates = 0;
  }

  takeSend(): { readonly stored: boolean } | undefined {
    return take(this.#sends);
  }

  takeRefusal(): MemoryFault | undefined {
    const next = take(this.#refusals);
    return next && injected(next.kind, "publish");
  }

  takeReceive(): MemoryFault | undefined {
    const next = take(this.#receives);
    return next && injected(next.kind, "receive");
  }

  takeAck(): "ok" | "error" | undefined {
    return take(this.#acks)?.reply;
  }

  takeDuplicate(): boolean {
    if (this.#duplicates === 0) return false;
    this.#duplicates--;
    return true;
  }
}

function take<T extends { left: number }>(faults: T[]): T | undefined {
  const next = faults[0];
  if (next === undefined) return undefined;
  if (--next.left <= 0) faults.shift();
  return next;
}

const injected = (kind: Fault["kind"], what: string): MemoryFault =>
  new MemoryFault(kind, `injected-${kind}`, `the test asked for a ${kind} fault of a ${what}`);
