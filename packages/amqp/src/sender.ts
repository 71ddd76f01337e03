import type { Capabilities, Runtime, SenderDriver, Sent, WireMessage } from "@switchyard/core/driver";
import { anySignal } from "@switchyard/core/driver-kit";
import type { FastPaths } from "./fast-paths.ts";
import type { Caution } from "./publish/caution.ts";
import type { Answer, ConfirmChannel } from "./publish/confirm-channel.ts";
import { LEFT, nextDelay } from "./retry/delay-queues.ts";
import { AmqpFault, blockedFault } from "./errors.ts";
import { MAX_HEADER_BYTES } from "./limits.ts";
import type { Link } from "./client/link.ts";
import type { ConfirmChannelPool } from "./publish/confirm-channel-pool.ts";
import { tooLarge } from "./publish/refusals.ts";
import type { Route } from "./publish/routes.ts";
import { SECOND_KEY } from "./buckets.ts";
import { mostBytes, sizeOf, type ToSend, toAmqp } from "./message.ts";

export interface SenderOptions {
  readonly capabilities: Capabilities;
  readonly route: Route;
  readonly pool: ConfirmChannelPool;
  readonly link: Pick<Link, "blocked">;
  /** The first part of the delay queues' names. */
  readonly delays: string;
  /** The queue to which the last delay queue takes a delayed message. */
  readonly address: string;
  readonly priority: number | undefined;
  readonly runtime: Runtime;
  readonly fast: FastPaths | undefined;
  /** Shared by all senders of the destination. A sender ends with its channel; this does not. */
  readonly caution: Caution;
}

const BLOCKED_RETRY_MS = 500;

export const createSender = (options: SenderOptions): SenderDriver => new Sender(options);

/** Writes the messages of a call at once, to one channel, and awaits their confirms together. */
class Sender implements SenderDriver {
  readonly capabilities: Capabilities;
  readonly #options: SenderOptions;

  constructor(options: SenderOptions) {
    this.capabilities = options.capabilities;
    this.#options = options;
  }

  size(message: WireMessage): number {
    return sizeOf(message);
  }

  async send(batch: readonly WireMessage[], signal: AbortSignal): Promise<readonly Sent[]> {
    const { caution } = this.#options;
    if (!caution.alone || batch.length === 0) return this.#sendTogether(batch, signal);
    const sent: Sent[] = [];
    let refusal: Sent | undefined;
    for (const message of batch) {
      // A refusal of the destination holds for every message, so the rest is not written.
      const one = refusal ?? (await caution.inTurn(() => this.#sendAlone(message, signal)));
      if (isOfDestination(one)) refusal = one;
      sent.push(one);
    }
    return sent;
  }

  /** Never rejects, because the messages before it in the batch have their answers. */
  async #sendAlone(message: WireMessage, signal: AbortSignal): Promise<Sent> {
    try {
      return (await this.#sendTogether([message], signal))[0]!;
    } catch (cause) {
      return { cause };
    }
  }

  async #sendTogether(batch: readonly WireMessage[], signal: AbortSignal): Promise<readonly Sent[]> {
    const { pool, link } = this.#options;
    const { lost } = pool;
    if (lost !== undefined)
      throw new AmqpFault("closed", "channel-closed", "the channel is closed; open the sender again", lost.reason);
    if (link.blocked !== undefined) {
      throw blockedFault(link.blocked, BLOCKED_RETRY_MS);
    }
    if (signal.aborted) throw new AmqpFault("ambiguous", "aborted", "the send was aborted");
    const channel = pool.pick();
    const results = new Array<Sent | undefined>(batch.length);
    let open = batch.length;
    let end = (): void => {};
    const all = new Promise<void>((resolve) => {
      end = resolve;
    });
    const answered = (at: number, sent: Sent) => {
      results[at] = sent;
      if (--open === 0) end();
    };
    for (let at = 0; at < batch.length; at++) {
      const wait = channel.drained;
      if (wait !== undefined) {
        using over = anySignal(signal);
        await Promise.race([wait, over.aborted]);
      }
      this.#publish(batch[at]!, channel, signal, (sent) => answered(at, sent));
    }
    if (signal.aborted) end();
    else signal.addEventListener("abort", end, { once: true });
    await all;
    signal.removeEventListener("abort", end);
    return open === 0 ? (results as Sent[]) : Array.from(results, (sent) => sent ?? unanswered());
  }

  #publish(message: WireMessage, channel: ConfirmChannel, signal: AbortSignal, done: (sent: Sent) => void): void {
    const { runtime, fast } = this.#options;
    const refused = this.#refusal(message);
    if (refused !== undefined) return done({ cause: refused });
    if (signal.aborted)
      return done({ cause: new AmqpFault("retryable", "not-sent", "the send was aborted before this message") });
    try {
      const made = toAmqp(message, () => runtime.uuid(), fast);
      const { content, options } = made;
      const { exchange, key } = this.#where(message, made);
      channel.publish(exchange, key, content, options, (answer: Answer) => done(answer ?? { id: options.messageId }));
    } catch (cause) {
      // amqplib refuses a message that it cannot encode before it writes anything.
      done({
        cause:
          cause instanceof AmqpFault
            ? notSent(cause)
            : new AmqpFault("permanent", "bad-message", `RabbitMQ cannot carry it: ${String(cause)}`, cause),
      });
    }
  }

  /** The exchange and the routing key of a message. It completes the options as well. */
  #where(message: WireMessage, { options }: ToSend): { exchange: string; key: string } {
    const { route, delays, address, priority } = this.#options;
    if (priority !== undefined) options.priority = priority;
    const delayMs = message.delayMs ?? 0;
    const here = delayMs <= 0 || route.groupsDelay === true;
    options.mandatory = route.mandatory || !here;
    if (here) {
      if (delayMs > 0) options.headers[LEFT] = delayMs;
      if (route.secondKey !== undefined) options.headers[SECOND_KEY] = route.secondKey(message, options.headers);
      return { exchange: route.exchange, key: route.key(message, options.headers) };
    }
    const { exchange, leftMs } = nextDelay(delays, delayMs);
    if (leftMs > 0) options.headers[LEFT] = leftMs;
    return { exchange, key: address };
  }

  #refusal(message: WireMessage): AmqpFault | undefined {
    const { maxMessageBytes, delayedPublishMs } = this.capabilities;
    const { maxBodyBytes } = this.#options.caution;
    const roomy = Math.min(maxMessageBytes, MAX_HEADER_BYTES, maxBodyBytes);
    // The bytes of a text are counted only if an upper bound is above a limit, because counting costs.
    if (mostBytes(message) > roomy) {
      const bytes = sizeOf(message);
      if (bytes > maxMessageBytes)
        return new AmqpFault("permanent", "too-large", `${bytes} bytes; at most ${maxMessageBytes}`);
      const body = Buffer.byteLength(message.body);
      if (body > maxBodyBytes) return tooLarge(body, maxBodyBytes);
      const headers = bytes - body;
      if (headers > MAX_HEADER_BYTES)
        return new AmqpFault("permanent", "too-large", `${headers} bytes of headers; AMQP takes ${MAX_HEADER_BYTES}`);
    }
    if ((message.delayMs ?? 0) > delayedPublishMs) {
      return new AmqpFault(
        "permanent",
        "delay-too-long",
        `a delay of ${message.delayMs} ms; at most ${delayedPublishMs}`,
      );
    }
    return undefined;
  }

  async close(): Promise<void> {
    await this.#options.pool.close();
  }
}

const isOfDestination = ({ cause }: Sent): boolean =>
  cause instanceof AmqpFault && (cause.kind === "auth" || (cause.kind === "config" && cause.code !== "unroutable"));

const unanswered = (): Sent => ({
  cause: new AmqpFault("ambiguous", "aborted", "the send was aborted before the broker answered"),
});

/** The channel ended before this message was written. */
const notSent = (cause: AmqpFault): AmqpFault => new AmqpFault("closed", cause.code, cause.message, cause.cause);
