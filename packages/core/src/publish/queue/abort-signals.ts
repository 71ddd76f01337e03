import type { OutgoingMessage } from "../send/outgoing-message.ts";

/**
 * The signals of unresolved messages. Each signal has one listener, however many messages were published with it: a signal looks through
 * all its listeners whenever one is added.
 */
export class AbortSignals {
  readonly #aborted: (message: OutgoingMessage) => void;
  readonly #messages = new Map<AbortSignal, Set<OutgoingMessage>>();
  readonly #listener = (event: Event): void => {
    const signal = event.target as AbortSignal;
    const messages = this.#messages.get(signal);
    this.#messages.delete(signal);
    for (const message of messages ?? []) this.#aborted(message);
  };

  /** `aborted` is called for each message whose signal aborts. */
  constructor(aborted: (message: OutgoingMessage) => void) {
    this.#aborted = aborted;
  }

  add(message: OutgoingMessage, signal: AbortSignal): void {
    const messages = this.#messages.get(signal);
    if (messages !== undefined) return void messages.add(message);
    this.#messages.set(signal, new Set([message]));
    signal.addEventListener("abort", this.#listener, { once: true });
  }

  delete(message: OutgoingMessage, signal: AbortSignal): void {
    const messages = this.#messages.get(signal);
    if (messages === undefined) return;
    messages.delete(message);
    if (messages.size > 0) return;
    this.#messages.delete(signal);
    signal.removeEventListener("abort", this.#listener);
  }
}
