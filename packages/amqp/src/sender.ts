import type { Capabilities, Runtime, SenderDriver, Sent, WireMessage } from "@switchyard/core/driver";
import type { Answer, Confirms } from "./confirms.ts";
import { LEFT, nextDelay } from "./delays.ts";
import { AmqpFault } from "./faults.ts";
import { MAX_HEADER_BYTES } from "./limits.ts";
import type { Link } from "./link.ts";
import type { Route } from "./routes.ts";
import { aborted } from "./wait.ts";
import { sizeOf, type ToSend, toAmqp } from "./wire.ts";

export interface SenderOptions {
  readonly capabilities: Capabilities;
  readonly route: Route;
  readonly confirms: Confirms;
  readonly link: Pick<Link, "blocked">;
  /** First part of the delay queues' names. */
  readonly delays: string;
  /** Where a delayed message goes in the end: the queue. */
  readonly address: string;
  readonly priority: number | undefined;
  readonly runtime: Runtime;
}

const BLOCKED_RETRY_MS = 500;

/** One confirm channel; a call's messages are written at once, and their confirms awaited together. */
export class Sender implements SenderDriver {
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
    const { confirms, link } = this.#options;
    const { over } = confirms.channel;
    if (over.aborted)
      throw new AmqpFault("closed", "channel-closed", "the channel is closed; open the sender again", over.reason);
    if (link.blocked !== undefined) {
      throw new AmqpFault(
        "throttled",
        "blocked",
        `the broker takes no messages: short of ${link.blocked}`,
        undefined,
        BLOCKED_RETRY_MS,
      );
    }
    if (signal.aborted) throw new AmqpFault("ambiguous", "aborted", "the send was aborted");
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
      const wait = confirms.drained;
      if (wait !== undefined) {
        const stop = aborted(signal);
        await Promise.race([wait, stop.promise]);
        stop.stop();
      }
      this.#publish(batch[at]!, signal, (sent) => answered(at, sent));
    }
    const stop = aborted(signal);
    await Promise.race([all, stop.promise]);
    stop.stop();
    const unknown = { cause: new AmqpFault("ambiguous", "aborted", "the send was aborted before the broker answered") };
    return Array.from(results, (sent) => sent ?? unknown);
  }

  #publish(message: WireMessage, signal: AbortSignal, done: (sent: Sent) => void): void {
    const { confirms, runtime } = this.#options;
    const refused = this.#refusal(message);
    if (refused !== undefined) return done({ cause: refused });
    if (signal.aborted)
      return done({ cause: new AmqpFault("retryable", "not-sent", "the send was aborted before this message") });
    let made: ToSend | undefined;
    try {
      made = toAmqp(message, () => runtime.uuid());
      const { messageId } = made.options;
      const { exchange, key, options } = this.#where(message, made);
      confirms.publish(exchange, key, made.content, options, (answer: Answer) => done(answer ?? { id: messageId }));
    } catch (cause) {
      // amqplib refuses what it cannot encode before it writes anything.
      done({
        cause:
          cause instanceof AmqpFault
            ? notSent(cause)
            : new AmqpFault("permanent", "bad-message", `RabbitMQ cannot carry it: ${String(cause)}`, cause),
      });
    }
  }

  #where(
    message: WireMessage,
    made: ToSend,
  ): { exchange: string; key: string; options: ToSend["options"] & { mandatory: boolean } } {
    const { route, delays, address, priority } = this.#options;
    const options = { ...made.options, mandatory: route.mandatory, ...(priority === undefined ? {} : { priority }) };
    const delayMs = message.delayMs ?? 0;
    if (delayMs > 0 && route.groupsDelay === true) options.headers[LEFT] = delayMs;
    if (delayMs <= 0 || route.groupsDelay === true)
      return { exchange: route.exchange, key: route.key(message), options };
    const { exchange, leftMs } = nextDelay(delays, delayMs);
    if (leftMs > 0) options.headers[LEFT] = leftMs;
    return { exchange, key: address, options: { ...options, mandatory: true } };
  }

  #refusal(message: WireMessage): AmqpFault | undefined {
    const { maxMessageBytes, delayedPublishMs } = this.capabilities;
    const bytes = sizeOf(message);
    if (bytes > maxMessageBytes)
      return new AmqpFault("permanent", "too-large", `${bytes} bytes; at most ${maxMessageBytes}`);
    const headers = bytes - Buffer.byteLength(message.body);
    if (headers > MAX_HEADER_BYTES)
      return new AmqpFault("permanent", "too-large", `${headers} bytes of headers; AMQP takes ${MAX_HEADER_BYTES}`);
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
    await this.#options.confirms.channel.close();
  }
}

/** The channel was gone before this one was written. */
const notSent = (cause: AmqpFault): AmqpFault => new AmqpFault("closed", cause.code, cause.message, cause.cause);
