import type { AmqpChannel } from "../sdk.ts";
import { AmqpFault } from "../errors.ts";

type Call = <T>(work: Promise<T>, signal: AbortSignal | undefined) => Promise<T>;

/** One AMQP channel. Tags and consumers end with it: `over` aborts then, with the cause as its reason. */
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
    // One of our callbacks threw. What it left undone cannot be repaired, so the channel ends.
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

  /** The broker's answer to one request. Rejects with the reason of the channel's end if that comes first. */
  async rpc<T>(ask: (channel: AmqpChannel) => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.over.aborted) throw this.over.reason;
    return this.#call(ask(this.raw), signal);
  }

  end(cause: unknown): void {
    if (this.over.aborted) return;
    this.#over.abort(cause ?? new AmqpFault("retryable", "connection-lost", "the channel was closed"));
  }

  /** Closes the channel, which returns unsettled messages to the broker. Resolves when the broker has answered or the channel has ended. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (!this.over.aborted) {
      try {
        await this.#call(this.raw.close(), this.over);
      } catch {
        // It has already ended.
      }
    }
    this.end(new AmqpFault("closed", "closed", "the channel is closed"));
  }
}
