import type { Attributes } from "./message/cloud-events.ts";
import type { AmqpChannel, AmqpModel } from "./sdk.ts";

/**
 * What `fast/` does instead of amqplib's code and our own general code. On a connection with `fast: false` it is absent, and nothing of
 * that folder is loaded. Each function has the same result as the code that it replaces, or leaves the work to that code.
 */
export interface FastPaths {
  /** Like `spread` of `message/cloud-events.ts`, for the attributes that most messages have. Undefined for any other text. */
  spread(ce: string): Attributes | undefined;
  /** Like `gather` of `message/cloud-events.ts`, for the attributes that most messages have. Undefined for any other headers. */
  gather(headers: Readonly<Record<string, unknown>>, contentType: string | undefined): string | undefined;
  /**
   * For one confirm channel: copies headers into an object that amqplib encodes faster. It is valid until the next call. `secondKey`:
   * the messages have a second routing key.
   */
  reusedHeaders(secondKey?: boolean): { of(headers: Record<string, unknown>): Record<string, unknown> };
  /** Makes the channel write all frames of a message at once. */
  writeFramesAtOnce(channel: AmqpChannel): void;
  /** Makes the channel write directly to the socket, instead of to its own stream. */
  writeThrough(channel: AmqpChannel): void;
  /** Makes the connection gather all writes of one turn of the event loop into one call. */
  gatherWrites(model: AmqpModel): void;
}
