import type { Attributes } from "./message/cloud-events.ts";
import type { AmqpChannel, AmqpModel } from "./sdk.ts";

/**
 * What `fast/` does in place of amqplib's code and of our own general code. Absent on a connection with `fast: false`: then
 * nothing of that folder is loaded. Each of these gives the same result as the code it replaces, or leaves the work to it.
 */
export interface FastPaths {
  /** As `spread` of `message/cloud-events.ts`, for the attributes most messages have; undefined: any other text. */
  spread(ce: string): Attributes | undefined;
  /** As `gather` of `message/cloud-events.ts`, for the attributes most messages have; undefined: any other headers. */
  gather(headers: Readonly<Record<string, unknown>>, contentType: string | undefined): string | undefined;
  /** For one confirm channel. What it is given, in an object that amqplib can encode for less; valid until the next call. */
  reusedHeaders(): { of(headers: Record<string, unknown>): Record<string, unknown> };
  /** The channel writes the frames of a message at once. */
  writeFramesAtOnce(channel: AmqpChannel): void;
  /** The channel writes to the socket, and not to a stream of its own. */
  writeThrough(channel: AmqpChannel): void;
  /** The connection writes in one call what was written within one turn of the event loop. */
  gatherWrites(model: AmqpModel): void;
}
