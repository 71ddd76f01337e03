import type { Buffer } from "node:buffer";
import type { AmqpMessage, PublishOptions } from "./client.ts";
import { AmqpFault } from "./faults.ts";
import type { Channel } from "./channel.ts";

/** What became of one message: undefined is accepted. */
export type Answer = { readonly cause: unknown } | undefined;

interface Pending {
  returned: AmqpMessage | undefined;
}

const NACKED = (): AmqpFault =>
  new AmqpFault(
    "retryable",
    "not-accepted",
    "the broker did not accept the message (nack): its queue is full, or not available now",
  );

/** Publishes on one confirm channel and matches what comes back: confirms by tag, returns by message id. */
export class Confirms {
  readonly channel: Channel;
  readonly #pending = new Map<string, Pending[]>();
  #drained: Promise<void> | undefined;

  constructor(channel: Channel) {
    this.channel = channel;
    channel.raw.on("return", (message: AmqpMessage) => this.#returned(message));
  }

  /** Resolves when there is room to write, or the channel is gone. */
  get drained(): Promise<void> | undefined {
    return this.#drained;
  }

  /**
   * `done` is called once: with the broker's answer, or as ambiguous when the channel ends first. Throws where amqplib
   * refuses the message: nothing was sent then.
   */
  publish(
    exchange: string,
    key: string,
    content: Buffer,
    options: PublishOptions & { messageId: string },
    done: (answer: Answer) => void,
  ): void {
    const { over, raw } = this.channel;
    if (over.aborted)
      throw new AmqpFault("closed", "channel-closed", "the channel is closed; open the sender again", over.reason);
    const pending: Pending = { returned: undefined };
    const { messageId } = options;
    const answer = (error: unknown) => {
      this.#forget(messageId, pending);
      if (error !== null && error !== undefined) {
        // A nack and a closed channel both come as an error here; after a nack the channel lives.
        const closed = over.aborted || /channel closed|closed/i.test(String((error as Error).message));
        done({ cause: closed ? this.#unknown() : NACKED() });
      } else if (pending.returned !== undefined) done({ cause: unroutable(pending.returned) });
      else done(undefined);
    };
    const room = raw.publish(exchange, key, content, options, answer);
    const same = this.#pending.get(messageId);
    if (same === undefined) this.#pending.set(messageId, [pending]);
    else same.push(pending);
    if (!room) this.#drained ??= this.#untilDrained();
  }

  #unknown(): AmqpFault {
    const { reason } = this.channel.over;
    return new AmqpFault("ambiguous", "connection-lost", "the channel was closed before the broker answered", reason);
  }

  #untilDrained(): Promise<void> {
    const { raw, over } = this.channel;
    return new Promise((resolve) => {
      const done = () => {
        this.#drained = undefined;
        over.removeEventListener("abort", done);
        resolve();
      };
      over.addEventListener("abort", done, { once: true });
      (raw as unknown as { once(event: string, listener: () => void): void }).once("drain", done);
    });
  }

  /** Returns come before the confirm of their message; those of one id are alike. */
  #returned(message: AmqpMessage): void {
    const same = this.#pending.get(String(message.properties.messageId));
    const pending = same?.find((one) => one.returned === undefined);
    if (pending !== undefined) pending.returned = message;
  }

  #forget(messageId: string, pending: Pending): void {
    const same = this.#pending.get(messageId);
    if (same === undefined) return;
    if (same.length === 1) this.#pending.delete(messageId);
    else same.splice(same.indexOf(pending), 1);
  }
}

function unroutable({ fields }: AmqpMessage): AmqpFault {
  const to = fields.exchange === "" ? `queue "${fields.routingKey}"` : `exchange "${fields.exchange}"`;
  return new AmqpFault(
    "config",
    "unroutable",
    `${to} led to no queue (${fields.replyCode} ${fields.replyText}); create it with plan and apply, or check prefix, address and virtual host`,
  );
}
