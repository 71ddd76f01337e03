import type { Buffer } from "node:buffer";
import type { AmqpMessage, PublishOptions } from "../sdk.ts";
import { AmqpFault } from "../errors.ts";
import type { Channel } from "../client/channel.ts";
import type { FastPaths } from "../fast-paths.ts";
import type { Caution } from "./caution.ts";
import { causesOf } from "./refusals.ts";

/** The result of a publish. Undefined: the broker accepted the message. */
export type Answer = { readonly cause: unknown } | undefined;

const NACKED = (): AmqpFault =>
  new AmqpFault(
    "retryable",
    "not-accepted",
    "the broker did not accept the message (nack): its queue is full, or not available now",
  );

/** A message that was written but not answered when the channel ended. */
export interface Orphan {
  readonly bytes: number;
  readonly done: (answer: Answer) => void;
}

/** Publishes on one confirm channel and matches what comes back: confirms by tag, returns by message id. */
export class ConfirmChannel {
  readonly channel: Channel;
  /** Returned messages whose confirm is still to come, by message id. */
  readonly #returned = new Map<string, AmqpMessage[]>();
  readonly #headers: ReturnType<FastPaths["reusedHeaders"]> | undefined;
  #drained: Promise<void> | undefined;
  #unanswered = 0;
  #orphans: Orphan[] | undefined;
  /** True once the broker has accepted a message on this channel. */
  #accepted = false;
  readonly #caution: Caution | undefined;

  /**
   * `caution` is needed if several messages may be unconfirmed at once, because a close does not say which of them caused it. `secondKey`:
   * the messages have a second routing key.
   */
  constructor(channel: Channel, fast: FastPaths | undefined, caution?: Caution, secondKey?: boolean) {
    this.channel = channel;
    this.#caution = caution;
    this.#headers = fast?.reusedHeaders(secondKey);
    fast?.writeFramesAtOnce(channel.raw);
    channel.raw.on("return", (message: AmqpMessage) => this.#onReturn(message));
  }

  /** Resolves when there is room to write, or the channel ends. Undefined: there is room. */
  get drained(): Promise<void> | undefined {
    return this.#drained;
  }

  /** How many messages are written and neither confirmed nor refused. */
  get unanswered(): number {
    return this.#unanswered;
  }

  /**
   * Calls `done` once: with the broker's answer, or with an ambiguous one if the channel ends first. Throws if amqplib refuses the
   * message: nothing was sent then.
   */
  publish(
    exchange: string,
    key: string,
    content: Buffer,
    options: PublishOptions & { headers: Record<string, unknown>; messageId: string },
    done: (answer: Answer) => void,
  ): void {
    const { over, raw } = this.channel;
    if (over.aborted)
      throw new AmqpFault("closed", "channel-closed", "the channel is closed; open the sender again", over.reason);
    const { headers, messageId } = options;
    const answer = (error: unknown) => {
      this.#unanswered--;
      const returned = this.#returned.size === 0 ? undefined : this.#takeReturned(messageId);
      if (error !== null && error !== undefined) {
        // A nack and a closed channel both come as an error here. After a nack the channel can still be used.
        if (over.aborted || /closed/i.test(String((error as Error).message)))
          this.#orphan({ bytes: content.length, done });
        else done({ cause: NACKED() });
      } else {
        this.#accepted = true;
        done(returned === undefined ? undefined : { cause: unroutable(returned) });
      }
    };
    if (this.#headers !== undefined) options.headers = this.#headers.of(headers);
    const room = raw.publish(exchange, key, content, options, answer);
    this.#unanswered++;
    if (!room) this.#drained ??= this.#untilDrained();
  }

  /** amqplib calls back for all messages first, and says why the channel ended later in the same turn. So the messages wait for the reason. */
  #orphan(one: Orphan): void {
    const { over } = this.channel;
    if (this.#orphans !== undefined) return void this.#orphans.push(one);
    this.#orphans = [one];
    const answer = () => {
      const orphans = this.#orphans!;
      this.#orphans = undefined;
      const causes = causesOf(over.reason, orphans, this.#accepted, this.#caution);
      for (const [at, { done }] of orphans.entries()) done({ cause: causes[at] });
    };
    if (over.aborted) queueMicrotask(answer);
    else over.addEventListener("abort", () => queueMicrotask(answer), { once: true });
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

  /** A return comes before the confirm of its message. Returns with the same id are alike, so they need not be told apart. */
  #onReturn(message: AmqpMessage): void {
    const id = String(message.properties.messageId);
    const same = this.#returned.get(id);
    if (same === undefined) this.#returned.set(id, [message]);
    else same.push(message);
  }

  #takeReturned(messageId: string): AmqpMessage | undefined {
    const same = this.#returned.get(messageId);
    if (same?.length === 1) this.#returned.delete(messageId);
    return same?.shift();
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
