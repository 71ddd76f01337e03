import type { Runtime } from "@switchyard/core/driver";
import type { AmqpMessage } from "../sdk.ts";
import { ConfirmChannel } from "../publish/confirm-channel.ts";
import { ATTEMPTS, LEFT, nextDelay } from "../retry/delay-queues.ts";
import type { FastPaths } from "../fast-paths.ts";
import { blockedFault } from "../errors.ts";
import { CALL_MS } from "../limits.ts";
import type { Link } from "../client/link.ts";
import type { Receipt } from "./unsettled.ts";
import { answerWithin } from "../client/answer-within.ts";
import { copyOf } from "../message.ts";

const FORWARD_RETRY_MS = 1_000;
/** The default exchange routes a message to the queue that the routing key names. */
const DIRECTLY = { exchange: "", leftMs: 0 };

/**
 * Replaces received messages by copies with what RabbitMQ does not record: how often the message has failed, and how long it must still
 * wait. The original is acknowledged only after the broker has confirmed the copy.
 */
export class DelayedRedelivery {
  readonly #link: Link;
  readonly #runtime: Runtime;
  readonly #delays: string;
  readonly #fast: FastPaths | undefined;
  #channel: Promise<ConfirmChannel> | undefined;

  constructor(link: Link, runtime: Runtime, delays: string, fast: FastPaths | undefined) {
    this.#link = link;
    this.#runtime = runtime;
    this.#delays = delays;
    this.#fast = fast;
  }

  /** Resolves when the broker has stored a copy that comes to `queue` after `delayMs`, never earlier. With 0 it skips the delay queues. */
  async republish(
    message: AmqpMessage,
    queue: string,
    delayMs: number,
    attempts: number,
    signal: AbortSignal,
  ): Promise<void> {
    const { blocked } = this.#link;
    if (blocked !== undefined) throw blockedFault(blocked);
    const confirms = await this.#opened(signal);
    const { exchange, leftMs } = delayMs > 0 ? nextDelay(this.#delays, delayMs) : DIRECTLY;
    const options = copyOf(message, { [LEFT]: leftMs, [ATTEMPTS]: attempts });
    const messageId = options.messageId || this.#runtime.uuid();
    const answered = new Promise<void>((resolve, reject) => {
      confirms.publish(exchange, queue, message.content, { ...options, messageId, mandatory: true }, (answer) =>
        answer === undefined ? resolve() : reject(answer.cause),
      );
    });
    await answerWithin(CALL_MS, answered, this.#runtime, [signal]);
  }

  /** Sends a message that came too early to its next delay queue. True if the original was acknowledged; false if its channel has ended. */
  async forward(
    { channel, message }: Receipt,
    queue: string,
    leftMs: number,
    attempts: number,
    stopped: () => boolean,
  ): Promise<boolean> {
    while (!channel.over.aborted && !stopped()) {
      try {
        await this.republish(message, queue, leftMs, attempts, channel.over);
        if (channel.over.aborted) return false;
        channel.raw.ack(message);
        return true;
      } catch {
        await this.#runtime.sleep(FORWARD_RETRY_MS, channel.over);
      }
    }
    return false;
  }

  async #opened(signal: AbortSignal): Promise<ConfirmChannel> {
    for (;;) {
      this.#channel ??= this.#link.channel(true, undefined).then((channel) => new ConfirmChannel(channel, this.#fast));
      const current = this.#channel;
      const forget = () => {
        if (this.#channel === current) this.#channel = undefined;
      };
      try {
        const confirms = await answerWithin(CALL_MS, current, this.#runtime, [signal]);
        if (!confirms.channel.over.aborted) return confirms;
      } catch (error) {
        if (!signal.aborted) forget();
        throw error;
      }
      forget();
    }
  }

  async close(): Promise<void> {
    const confirms = await this.#channel?.catch(() => undefined);
    await confirms?.channel.close();
  }
}
