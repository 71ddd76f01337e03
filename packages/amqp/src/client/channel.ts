import type { AmqpChannel } from "../sdk.ts";
import { AmqpFault } from "../errors.ts";

type Call = <T>(work: Promise<T>, signal: AbortSignal | undefined) => Promise<T>;

/** One AMQP channel, for as long as it lives. Tags and consumers die with it: `over` says when, and why. */
export class Channel {
  readonly raw: AmqpChannel;
  readonly over: AbortSignal;
  readonly #over = new AbortController();
  readonly #call: Call;
  #cause: unknown;
  #closing: Promise<void> | undefined;

  constructor(raw: AmqpChannel, link: AbortSignal, call: Call) {
    this.raw = raw;
    this.over = this.#over.signal;
    this.#call = call;
    raw.on("error", (error: unknown) => {
      this.#cause ??= error;
    });
    // Something was thrown in a callback of ours: what it should have done is undone for ever, so the channel is.
    raw.on("handler-error", (error: unknown) => {
      this.#cause ??= error;
      this.end(error);
      raw.close().catch(() => {});
    });
    raw.on("close", () => this.end(this.#cause ?? link.reason));
    if (link.aborted) this.end(link.reason);
    else {
      const cut = () => this.end(link.reason);
      link.addEventListener("abort", cut, { once: true });
      this.over.addEventListener("abort", () => link.removeEventListener("abort", cut), { once: true });
    }
  }

  /** One answer of the broker. Rejects with the channel's own end where it comes first. */
  async rpc<T>(ask: (channel: AmqpChannel) => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.over.aborted) throw this.over.reason;
    return this.#call(ask(this.raw), signal);
  }

  end(cause: unknown): void {
    if (this.over.aborted) return;
    this.#over.abort(cause ?? new AmqpFault("retryable", "connection-lost", "the channel was closed"));
  }

  /** Gives back what is unsettled. Resolves when the broker has said so, or the channel is gone anyway. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (!this.over.aborted) {
      try {
        await this.#call(this.raw.close(), this.over);
      } catch {
        // Gone already: that is what was wanted.
      }
    }
    this.end(new AmqpFault("closed", "closed", "the channel is closed"));
  }
}
