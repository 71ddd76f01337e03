/** The content of a message whose channel has a pipeline, as a publication sees it. The rest is loaded only if there is a pipeline. */
import type { MessagingError } from "../api/errors.ts";
import type { Capabilities } from "../driver/index.ts";
import type { Content } from "../pipeline/content.ts";
import type { Carried, Envelope } from "../wire/envelope.ts";

/** What is prepared: the attributes of a message, and a promise that rejects if its data is not valid. */
export interface ToPrepare extends Envelope {
  readonly valid: Promise<void> | undefined;
}

export interface Preparing {
  prepare(content: Content, message: ToPrepare, capabilities: Capabilities, signal: AbortSignal | undefined): Prepared;
}

export abstract class Prepared {
  abstract readonly body: string | Uint8Array;
  abstract readonly length: number;
  abstract readonly contentType: string;
  abstract readonly carried: Carried | undefined;
  /** Settles when the content is prepared. Undefined if nothing had to be waited for. */
  abstract readonly gate: PromiseLike<void> | undefined;
  /** Each step with the size after it: `a body of 9000 bytes, compressed to 1200`. Undefined if no step has changed the body. */
  abstract readonly sizes: string | undefined;
  /** The size in bytes above which the message is to be stored elsewhere. Infinite if it cannot be, or was. */
  abstract readonly storeAbove: number;
  abstract readonly canStore: boolean;
  /** What `measure` returns if it finds the content as large as it can be once it is stored elsewhere. */
  abstract onceStored(measure: () => number): number;
  /** Stores the body elsewhere and keeps a pointer. */
  abstract store(): Promise<void>;
  /** Ends a preparation that nobody waits for any more. */
  abstract abandon(reason: MessagingError): void;
}
