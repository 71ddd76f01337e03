import type { DriverEvent, FoundPlace, Runtime } from "@switchyard/core/driver";
import { placeAt, shown } from "../endpoint.ts";
import { Channel } from "./channel.ts";
import type { AmqpChannel, AmqpModel } from "../sdk.ts";
import type { FastPaths } from "../fast-paths.ts";
import type { Dial } from "./dial.ts";
import { AmqpFault, blockedFault, classify } from "../errors.ts";
import { CALL_MS } from "../limits.ts";
import { answerWithin } from "./answer-within.ts";

/** The first and the longest wait after all addresses have failed. Jitter shortens a wait by up to half. */
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 10_000;
/** The pause before a broken connection is opened again if nothing asks for it. Jitter shortens it by up to half. */
const REOPEN_MS = 1_000;

/** What the broker said about itself in the handshake. */
export interface Product {
  readonly name: string;
  readonly version: string;
}

export interface LinkOptions {
  /** The name under which the broker's management shows the connection. */
  readonly name: string;
  readonly urls: readonly string[];
  readonly connectTimeoutMs: number;
  readonly dial: Dial;
  readonly fast: FastPaths | undefined;
  readonly runtime: Runtime;
  readonly report: (event: DriverEvent) => void;
}

interface Open {
  readonly model: AmqpModel;
  readonly url: string;
  /** Aborts when the connection ends, with the cause as its reason. */
  readonly over: AbortController;
  /** The broker's own reason, which comes as an event before the close. */
  cause: unknown;
}

/**
 * A TCP connection to the broker. It is opened when it is needed, and again after it broke. Everything that belongs to a connection ends
 * with it: a channel never moves to the next connection.
 *
 * Core retries. This class makes sure that concurrent requests share one attempt, that there is a pause between attempts, and that a
 * failure which will not pass by itself (login, virtual host, certificate) is reported at once.
 */
export class Link {
  readonly #options: LinkOptions;
  #open: Open | undefined;
  #opening: Promise<Open> | undefined;
  #failures = 0;
  #notBefore = 0;
  #next = 0;
  #blocked: string | undefined;
  #down = false;
  #reopening = false;
  readonly #closed = new AbortController();

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  /** What the broker is low on while it blocks publishers: memory or disk. */
  get blocked(): string | undefined {
    return this.#blocked;
  }

  /** Opens a channel. Rejects as soon as the signal aborts. */
  async channel(confirm: boolean, signal: AbortSignal | undefined): Promise<Channel> {
    const open = await this.#opened(signal);
    const { model, over } = open;
    const { fast } = this.#options;
    const made = confirm ? model.createConfirmChannel() : model.createChannel();
    let raw: unknown;
    try {
      raw = await this.#call(open, made, signal);
    } catch (error) {
      // The channel may still open, and nothing else would close it.
      made.then(
        (late) => (late as AmqpChannel).close().catch(() => {}),
        () => {},
      );
      // The connection has ended without an event, as when the broker closes it while it is being opened.
      if (signal?.aborted !== true && (error as { name?: unknown }).name === "IllegalOperationError")
        this.#drop(open, error);
      throw error;
    }
    fast?.writeThrough(raw as AmqpChannel);
    return new Channel(raw as AmqpChannel, over.signal, (work, callSignal) => this.#call(open, work, callSignal));
  }

  /** Runs `work` on a channel of its own, and closes the channel. */
  async withChannel<T>(signal: AbortSignal | undefined, work: (channel: Channel) => Promise<T>): Promise<T> {
    const channel = await this.channel(false, signal);
    try {
      return await work(channel);
    } finally {
      await channel.close();
    }
  }

  /** The broker's product and version. Opens the connection if it is not open. */
  async product(signal: AbortSignal | undefined): Promise<Product> {
    const { model } = await this.#opened(signal);
    const { product, version } = propertiesOf(model);
    const text = (value: unknown) => (typeof value === "string" ? value : "");
    return { name: text(product), version: text(version) };
  }

  /** Where the broker is that it is connected to. Opens the connection if it is not open. */
  async place(signal: AbortSignal | undefined): Promise<FoundPlace> {
    const { model, url } = await this.#opened(signal);
    const cluster = propertiesOf(model)["cluster_name"];
    return { ...placeAt(url), ...(typeof cluster === "string" ? { cluster } : {}) };
  }

  /** Closes the connection. Waits two seconds at most for the broker's answer. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort(new AmqpFault("closed", "closed", "the connection is closed"));
    const open = this.#open ?? (await this.#opening?.catch(() => undefined));
    if (open === undefined) return;
    this.#open = undefined;
    const { runtime } = this.#options;
    await answerWithin(2_000, open.model.close(), runtime, [open.over.signal]).catch(() => {});
    open.over.abort(this.#closed.signal.reason);
    destroy(open.model);
  }

  #drop(open: Open, cause: unknown): void {
    if (open.over.signal.aborted) return;
    const reason = open.cause ?? cause ?? new AmqpFault("retryable", "connection-lost", "the connection was closed");
    if (this.#open === open) {
      if (this.#blocked !== undefined) this.#isBlocked(open, undefined);
      this.#open = undefined;
    }
    open.over.abort(reason);
    destroy(open.model);
    if (this.#closed.signal.aborted) return;
    this.#isDown(reason);
    void this.#reopen();
  }

  /**
   * Opens the connection again after it broke, also if nothing asks for it. Otherwise a connection that is seldom used, such as that for
   * dead letters, would be reported as down until its next use, long after the broker is back.
   */
  async #reopen(): Promise<void> {
    if (this.#reopening) return;
    this.#reopening = true;
    const { runtime } = this.#options;
    const { signal } = this.#closed;
    try {
      while (this.#open === undefined && !signal.aborted) {
        // A broker that accepts connections and closes them at once must not be dialled without a pause.
        await runtime.sleep(REOPEN_MS / 2 + (runtime.random() * REOPEN_MS) / 2, signal);
        await this.#opened(undefined).catch(() => undefined);
      }
    } catch {
      // The link was closed during the pause.
    } finally {
      this.#reopening = false;
    }
  }

  async #call<T>(open: Open, work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    // A broker with an alarm does not answer on a publishing connection, but is not dead.
    const late = () => {
      if (this.#blocked === undefined)
        this.#drop(open, new AmqpFault("retryable", "no-answer", "the broker stopped answering"));
    };
    return answerWithin(CALL_MS, work, this.#options.runtime, [signal, open.over.signal], late);
  }

  /** The address of the broker that it is connected to, or is to be. */
  get url(): string {
    const { urls } = this.#options;
    return this.#open?.url ?? urls[this.#next % urls.length]!;
  }

  async #opened(signal: AbortSignal | undefined): Promise<Open> {
    if (this.#open !== undefined && !this.#open.over.signal.aborted) return this.#open;
    if (this.#closed.signal.aborted) throw this.#closed.signal.reason;
    this.#opening ??= this.#round().finally(() => {
      this.#opening = undefined;
    });
    const { runtime, urls, connectTimeoutMs } = this.#options;
    const limitMs = LONGEST_WAIT_MS + urls.length * (connectTimeoutMs + 1_000);
    return answerWithin(limitMs, this.#opening, runtime, [signal, this.#closed.signal]);
  }

  /** Tries each address once. */
  async #round(): Promise<Open> {
    const { runtime, urls } = this.#options;
    const waitMs = this.#notBefore - runtime.monotonic();
    if (waitMs > 0) await runtime.sleep(waitMs, this.#closed.signal);
    let last: unknown;
    for (const _ of urls) {
      if (this.#closed.signal.aborted) throw this.#closed.signal.reason;
      const url = urls[this.#next % urls.length]!;
      try {
        const open = await this.#dial(url);
        this.#failures = 0;
        this.#isUp();
        return open;
      } catch (error) {
        last = error;
        const { kind } = classify(error, "open");
        if (kind === "auth" || kind === "config") break;
        this.#next++;
      }
    }
    this.#failures++;
    const bound = Math.min(FIRST_WAIT_MS * 2 ** Math.min(this.#failures - 1, 10), LONGEST_WAIT_MS);
    this.#notBefore = runtime.monotonic() + bound / 2 + (runtime.random() * bound) / 2;
    this.#isDown(last);
    throw last;
  }

  async #dial(url: string): Promise<Open> {
    const { dial, name, runtime, connectTimeoutMs } = this.#options;
    const dialing = dial(url, name);
    let model: AmqpModel;
    try {
      model = await answerWithin(connectTimeoutMs + 500, dialing, runtime, [this.#closed.signal]);
    } catch (error) {
      dialing.then(
        (late) => (late.on("error", () => {}), destroy(late)),
        () => {},
      );
      const { kind, code, hint = "no connection could be opened", said } = classify(error, "open");
      if (kind === "closed" || this.#closed.signal.aborted) throw error;
      const told = { where: `at ${shown(url)}`, ...(said === undefined ? {} : { said }) };
      throw new AmqpFault(kind, code, hint, error, undefined, told);
    }
    const open: Open = { model, url, over: new AbortController(), cause: undefined };
    model.on("error", (error: unknown) => {
      open.cause ??= error;
    });
    model.on("handler-error", (error: unknown) => this.#drop(open, error));
    model.on("close", (error: unknown) => this.#drop(open, error));
    model.on("blocked", (reason: unknown) => this.#isBlocked(open, String(reason)));
    model.on("unblocked", () => this.#isBlocked(open, undefined));
    this.#open = open;
    return open;
  }

  #isBlocked(open: Open, reason: string | undefined): void {
    if (this.#open !== open) return;
    this.#blocked = reason;
    this.#options.report(
      reason === undefined
        ? { type: "unblocked", id: shown(open.url) }
        : {
            type: "blocked",
            id: shown(open.url),
            cause: blockedFault(reason),
          },
    );
  }

  #isUp(): void {
    if (this.#down) this.#options.report({ type: "up", id: this.#options.name });
    this.#down = false;
  }

  #isDown(cause: unknown): void {
    if (!this.#down) this.#options.report({ type: "down", id: this.#options.name, cause });
    this.#down = true;
  }
}

/** What the broker said of itself in the handshake. */
const propertiesOf = (model: AmqpModel): Record<string, unknown> =>
  (model.connection as { serverProperties?: Record<string, unknown> } | undefined)?.serverProperties ?? {};

/**
 * Closes our socket at once. Otherwise only missed heartbeats would show that the other side is gone. The error tells amqplib, which
 * listens for no `close` of the socket: it would go on setting its heartbeat timers, which keep the process alive.
 */
function destroy(model: AmqpModel): void {
  const { stream } = (model.connection ?? {}) as { stream?: { destroy?(error: Error): void } };
  stream?.destroy?.(new Error("the connection was given up"));
}
